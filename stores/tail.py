"""Reading the journal while it is written: whole lines, from where a reader stopped, each decoded once for all readers.

What cannot be read never holds up the rest. A line without its end is left alone while its writer lives; of a writer
that is gone it will never be finished, and is passed over as a problem, like a damaged line in the middle.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from records import JsonValue, Run
from records.otlp import decode_groups
from records.trace import TraceError, runs_of
from stores.segments import has_writer, segment_names

BLOCK_BYTES: Final = 2**18
_SETTLED_NS: Final = 2_000_000_000


class Problem(NamedTuple):
    """Bytes of a segment that hold no run."""

    segment: str
    offset: int
    reason: str


class Recorded(NamedTuple):
    """A run, and the resource that served it."""

    run: Run
    resource: dict[str, JsonValue]


class Block(NamedTuple):
    """The lines of a segment from `start` to `end`. `finished`: nothing will follow."""

    segment: str
    start: int
    end: int
    finished: bool
    runs: list[Recorded]
    problems: list[Problem]


class Stretch(NamedTuple):
    end: int
    lines: int


class Tail:
    """The segments of one folder, open for reading. Readers that are equally far share what was decoded."""

    def __init__(
        self, directory: Path, *, block_bytes: int = BLOCK_BYTES, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._directory = directory
        self._block_bytes = block_bytes
        self._clock = clock
        self.segments: list[str] = []
        """Oldest first, as of the last `refresh`."""
        self._seen_ns: int | None = None
        self._files: dict[str, int] = {}
        self._blocks: dict[tuple[str, int], Block] = {}

    def refresh(self) -> None:
        """Looks for segments, and lets go of the blocks that readers shared so far."""
        self._blocks.clear()
        try:
            changed_ns = os.stat(self._directory).st_mtime_ns
        except FileNotFoundError:
            changed_ns = 0
        if changed_ns != self._seen_ns:
            self.segments = segment_names(self._directory)
            for name in self._files.keys() - set(self.segments):
                self._close(name)
            # Two changes within a tick of the file system's clock look like one: a fresh folder is looked at again.
            self._seen_ns = changed_ns if abs(self._clock() - changed_ns) > _SETTLED_NS else None

    def read(self, segment: str, offset: int) -> Block:
        """The next lines; an empty block when there are none yet. Raises `OSError` when the disk does."""
        found = self._blocks.get((segment, offset))
        if found is None:
            found = self._blocks[segment, offset] = self._read(segment, offset)
        return found

    def count_lines(self, segment: str, offset: int, size: int) -> Stretch:
        """Whole lines from `offset` on, until they are `size` bytes or more, or no more of them are there."""
        lines, end = 0, offset
        try:
            fd = self._open(segment)
        except FileNotFoundError:
            return Stretch(offset, 0)
        while end < offset + size:
            data, _ = self._next_bytes(fd, end)
            # The line in which the stretch comes to its size is its last.
            last = data.find(b"\n", offset + size - end - 1) if end + len(data) >= offset + size else -1
            if not (whole := (last if last >= 0 else data.rfind(b"\n")) + 1):
                break
            lines += data.count(b"\n", 0, whole)
            end += whole
        return Stretch(end, lines)

    def size(self, segment: str) -> int:
        try:
            return os.stat(self._directory / segment).st_size
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        for name in [*self._files]:
            self._close(name)

    def _read(self, segment: str, offset: int) -> Block:
        try:
            fd = self._open(segment)
        except FileNotFoundError:
            return Block(segment, offset, offset, True, [], [])
        data, last = self._next_bytes(fd, offset)
        if finished := last and not has_writer(fd):
            # Again: it may have written between our reading and its end.
            data, finished = self._next_bytes(fd, offset)
        whole = data.rfind(b"\n") + 1
        runs: list[Recorded] = []
        problems = []
        place = offset
        for line in data[:whole].split(b"\n")[:-1]:
            try:
                runs += _recorded(line)
            except TraceError as error:
                problems.append(Problem(segment, place, str(error)))
            place += len(line) + 1
        if finished:
            self._close(segment)
            if torn := len(data) - whole:
                problems.append(Problem(segment, place, f"its writer died within this line, {torn} bytes are there"))
                place += torn
        return Block(segment, offset, place, finished, runs, problems)

    def _next_bytes(self, fd: int, offset: int) -> tuple[bytes, bool]:
        """At least one whole line, however long, where there is one; and whether the file ends here."""
        size = self._block_bytes
        while True:
            data = os.pread(fd, size, offset)
            if len(data) < size or b"\n" in data:
                return data, len(data) < size
            size *= 4

    def _open(self, segment: str) -> int:
        fd = self._files.get(segment)
        if fd is None:
            fd = self._files[segment] = os.open(self._directory / segment, os.O_RDONLY | os.O_CLOEXEC)
        return fd

    def _close(self, segment: str) -> None:
        fd = self._files.pop(segment, None)
        if fd is not None:
            os.close(fd)


class Reader:
    """One reader's way through all segments. `cursors` tells how far it got, by segment."""

    def __init__(self, tail: Tail, cursors: dict[str, int]) -> None:
        self.cursors = cursors
        self._tail = tail
        self._finished: set[str] = set()

    def next_blocks(self, budget: int) -> list[Block]:
        """What lies ahead, oldest first, until it is `budget` bytes. `passed` says that it is dealt with."""
        found = []
        if len(self._finished) > len(self._tail.segments):
            self._finished.intersection_update(self._tail.segments)
        for segment in self._tail.segments:
            offset = self.cursors.get(segment, 0)
            while budget > 0 and segment not in self._finished:
                block = self._tail.read(segment, offset)
                if block.finished and block.end == self.cursors.get(segment):
                    self._finished.add(segment)
                elif block.finished or block.end > offset:
                    found.append(block)
                budget -= block.end - offset
                offset = block.end
                if block.finished or block.end == block.start:
                    break
        return found

    def lag(self) -> int:
        """Bytes that lie ahead."""
        ahead = (self._tail.size(segment) - self.cursors.get(segment, 0) for segment in self._tail.segments)
        return sum(max(0, size) for size in ahead)

    def skip(self, count: int) -> int:
        """Passes over the next `count` bytes and the rest of the last line among them. Returns how many lines."""
        lines = 0
        for segment in self._tail.segments:
            start = self.cursors.get(segment, 0)
            if count > 0 and segment not in self._finished:
                passed = self._tail.count_lines(segment, start, count)
                self.cursors[segment] = passed.end
                count -= passed.end - start
                lines += passed.lines
        return lines

    def passed(self, block: Block) -> None:
        self.cursors[block.segment] = block.end
        if block.finished:
            self._finished.add(block.segment)


def _recorded(line: bytes) -> list[Recorded]:
    """None for what was erased. Raises `TraceError` for what is no run."""
    if not line.strip():
        return []
    groups = decode_groups(line)
    found = [Recorded(run, group.resource) for group in groups for run in runs_of(group.spans)]
    if not found and groups:
        raise TraceError("the trace holds no run of Burnish")
    return found
