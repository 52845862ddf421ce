"""The journal as a worker uses it, on disks that work, fill up, break and disappear."""

import errno
import os
import resource
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from stores.gaps import gaps_in
from stores.journal import Journal, JournalError
from stores.segments import SegmentName, has_writer, segment_names
from tests.support.disks import fill, small_disk

LINE = b'{"a":"line"}\n'
KB = 1024


class Clock:
    """Nanoseconds that pass when the test says so."""

    def __init__(self) -> None:
        self.ns = 1_700_000_000_000_000_000

    def __call__(self) -> int:
        return self.ns

    def tick(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8) as place:
        yield place


class Open(Protocol):
    def __call__(self, directory: Path, **how: Any) -> Journal: ...


@pytest.fixture
def journal(clock: Clock) -> Iterator[Open]:
    """Opens journals with little ballast and the test's clock, and closes them in the end."""
    opened = []

    def open_one(directory: Path, **how: Any) -> Journal:
        own = Journal(directory, **{"worker": "0", "ballast_bytes": 256 * KB, "clock": clock, **how})
        opened.append(own)
        return own

    yield open_one
    for own in opened:
        own.close()


def recorded(directory: Path) -> bytes:
    return b"".join((directory / name).read_bytes() for name in segment_names(directory))


def test_a_line_is_in_the_file_when_write_returns(tmp_path: Path, journal: Open) -> None:
    own = journal(tmp_path / "journal")
    assert own.write(LINE)
    assert recorded(tmp_path / "journal") == LINE


def test_what_is_recorded_is_for_the_owners_eyes_only(tmp_path: Path, journal: Open) -> None:
    own = journal(tmp_path / "journal")
    own.write(LINE)
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "journal").iterdir()] == [0o600]


def test_segments_rotate_by_size_and_sort_by_time(tmp_path: Path, journal: Open, clock: Clock) -> None:
    own = journal(tmp_path, segment_bytes=len(LINE) * 2)
    for number in range(5):
        own.write(b"%d\n" % number * len(LINE))
        clock.tick(1)
    assert len(segment_names(tmp_path)) == 5
    assert recorded(tmp_path) == b"".join(b"%d\n" % number * len(LINE) for number in range(5))


def test_a_segment_is_closed_after_an_hour_even_if_small(tmp_path: Path, journal: Open, clock: Clock) -> None:
    own = journal(tmp_path)
    own.write(LINE)
    clock.tick(3601)
    own.write(LINE)
    assert len(segment_names(tmp_path)) == 2


def test_a_segments_name_says_when_by_whom_and_which(tmp_path: Path, journal: Open, clock: Clock) -> None:
    journal(tmp_path, worker="eu-3")
    (name,) = segment_names(tmp_path)
    assert SegmentName.parse(name) == SegmentName(clock.ns, "eu-3", os.getpid(), 1)


def test_two_journals_of_one_process_and_moment_have_segments_of_their_own(tmp_path: Path, journal: Open) -> None:
    first, second = journal(tmp_path), journal(tmp_path)
    first.write(b"first\n")
    second.write(b"second\n")
    assert sorted(recorded(tmp_path).split()) == [b"first", b"second"]
    assert len(segment_names(tmp_path)) == 2


def test_a_segment_has_a_writer_until_it_is_closed(tmp_path: Path, journal: Open) -> None:
    own = journal(tmp_path)
    with (tmp_path / segment_names(tmp_path)[0]).open("rb") as segment:
        assert has_writer(segment.fileno())
        own.close()
        assert not has_writer(segment.fileno())


def test_a_forked_child_neither_writes_to_nor_keeps_alive_its_parents_segment(tmp_path: Path, journal: Open) -> None:
    own = journal(tmp_path)
    own.write(b"parent\n")
    parents = tmp_path / segment_names(tmp_path)[0]
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        own.write(b"child\n")
        os.write(tell, b"!")
        signal.pause()
    try:
        os.read(told, 1)
        own.close()
        assert parents.read_bytes() == b"parent\n"
        with parents.open("rb") as segment:
            assert not has_writer(segment.fileno())
        assert sorted(recorded(tmp_path).split()) == [b"child", b"parent"]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_with_sync_every_line_is_synced(tmp_path: Path, journal: Open) -> None:
    own = journal(tmp_path, sync=True)
    assert own.write(LINE)
    assert recorded(tmp_path) == LINE


def test_a_folder_that_cannot_hold_a_journal_is_named_with_the_remedy(tmp_path: Path, journal: Open) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"file/journal: no journal can be kept there .* set records\.dir"):
        journal(tmp_path / "file" / "journal")


def test_when_the_disk_fills_up_calls_in_flight_still_fit_and_then_there_is_no_room(disk: Path, journal: Open) -> None:
    own = journal(disk)
    fill(disk)
    big = b"x" * 100 * KB + b"\n"
    room = [own.room]
    for _ in range(2):
        assert own.write(big)
        room.append(own.room)
    assert room == [True, False, False]
    assert own.lost == 0
    assert recorded(disk) == big * 2


def test_what_is_served_while_the_disk_is_full_is_counted_as_a_gap(disk: Path, journal: Open, clock: Clock) -> None:
    own = journal(disk)
    filler = fill(disk)
    big = b"x" * 100 * KB + b"\n"
    kept = sum(own.write(big) for _ in range(10))
    start = clock.ns
    clock.tick(5)
    assert not own.write(big)
    assert own.lost == 11 - kept
    assert recorded(disk) == big * kept

    filler.unlink()
    clock.tick(1)
    assert own.room
    assert own.write(LINE)
    (gap,) = gaps_in(disk)
    assert gap.calls == own.lost
    assert (gap.since_ns, gap.until_ns) == (start, start + 5_000_000_000)
    assert "No space left" in gap.reason
    assert recorded(disk) == big * kept + LINE


def test_a_gap_is_known_even_when_the_process_is_killed_in_it(disk: Path, journal: Open) -> None:
    child = os.fork()
    if not child:
        own = journal(disk)
        fill(disk)
        while own.write(b"x" * 100 * KB + b"\n"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (gap,) = gaps_in(disk)
    assert (gap.calls, gap.pid) == (1, child)


def test_a_full_disk_is_asked_for_room_at_most_once_a_second(disk: Path, journal: Open, clock: Clock) -> None:
    own = journal(disk)
    filler = fill(disk)
    own.write(b"x" * 100 * KB + b"\n")
    filler.unlink()
    assert not own.room
    clock.tick(0.9)
    assert not own.room
    clock.tick(0.2)
    assert own.room


def test_room_comes_back_only_when_the_ballast_fits_again(disk: Path, journal: Open, clock: Clock) -> None:
    own = journal(disk)
    fill(disk)
    own.write(b"x" * 100 * KB + b"\n")
    filler = disk / "filler"
    os.truncate(filler, filler.stat().st_size - 64 * KB)
    clock.tick(2)
    assert not own.room
    os.truncate(filler, filler.stat().st_size - 512 * KB)
    clock.tick(2)
    assert own.room


def test_a_piece_of_a_line_that_did_not_fit_is_taken_back(disk: Path, journal: Open) -> None:
    own = journal(disk, ballast_bytes=16 * KB)
    own.write(LINE)
    filler = fill(disk)
    assert not own.write(b"x" * 200 * KB + b"\n")
    filler.unlink()
    assert own.write(LINE)
    assert recorded(disk) == LINE * 2


def test_a_journal_opened_on_a_full_disk_recovers_by_itself(disk: Path, journal: Open, clock: Clock) -> None:
    filler = fill(disk)
    own = journal(disk / "journal")
    own.write(b"x" * 100 * KB + b"\n")
    assert (own.lost, own.room) == (1, False)
    filler.unlink()
    clock.tick(2)
    assert own.write(LINE)
    assert (own.lost, own.room) == (1, True)
    assert recorded(disk / "journal") == LINE
    assert [gap.calls for gap in gaps_in(disk / "journal")] == [1]


def test_rotation_on_a_full_disk_goes_on_in_the_old_segment(disk: Path, journal: Open) -> None:
    own = journal(disk, segment_bytes=100)
    own.write(LINE * 10)
    # No inode is left for a new segment, while bytes are.
    for number in range(os.statvfs(disk).f_favail):
        (disk / f"inode-{number}").touch()
    assert own.write(LINE)
    assert recorded(disk) == LINE * 11


def test_after_the_folder_was_deleted_the_next_line_is_recorded_in_a_new_one(tmp_path: Path, journal: Open) -> None:
    own = journal(tmp_path / "journal")
    own.write(b"gone\n")
    shutil.rmtree(tmp_path / "journal")
    assert own.write(LINE)
    assert recorded(tmp_path / "journal") == LINE


def test_while_the_folder_cannot_be_made_again_calls_count_as_lost(tmp_path: Path, journal: Open, clock: Clock) -> None:
    own = journal(tmp_path / "journal")
    shutil.rmtree(tmp_path / "journal")
    (tmp_path / "journal").touch()
    assert not own.write(LINE)
    assert not own.write(LINE)
    assert (own.lost, own.room) == (2, False)
    (tmp_path / "journal").unlink()
    clock.tick(2)
    assert own.room
    assert own.write(LINE)
    assert [gap.calls for gap in gaps_in(tmp_path / "journal")] == [2]


def test_a_disk_error_moves_the_journal_to_a_new_segment(tmp_path: Path, journal: Open, clock: Clock) -> None:
    own = journal(tmp_path)
    own.write(b"before\n")
    with _writes_fail():
        assert not own.write(LINE)
    assert own.lost == 1
    clock.tick(2)
    assert own.write(LINE)
    assert recorded(tmp_path) == b"before\n" + LINE


class _writes_fail:
    """No file may grow: write(2) fails with EFBIG, an error that is not about room on the disk."""

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._before[1]))

    def __exit__(self, *exc: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


def test_a_writer_killed_in_mid_line_leaves_whole_lines_and_one_piece(tmp_path: Path) -> None:
    line = b"x" * (32 * 2**20) + b"\n"
    for attempt in range(10):
        directory = tmp_path / str(attempt)
        child = os.fork()
        if not child:
            own = Journal(directory, worker="0", segment_bytes=2**40)
            while True:
                own.write(line)
        _wait_for(lambda directory=directory: _size(directory) % len(line) > 0)  # type: ignore[misc]  # bound per turn
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        size = _size(directory)
        whole, piece = divmod(size, len(line))
        shutil.rmtree(directory)
        if piece:
            return
    pytest.fail(f"ten writers were killed and each had just finished a line ({whole} lines)")


def _size(directory: Path) -> int:
    return sum((directory / name).stat().st_size for name in segment_names(directory))


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for half a minute"
        time.sleep(0.0005)


def test_errors_name_what_is_wrong(tmp_path: Path, caplog: pytest.LogCaptureFixture, journal: Open) -> None:
    own = journal(tmp_path / "journal")
    shutil.rmtree(tmp_path / "journal")
    (tmp_path / "journal").touch()
    own.write(LINE)
    own.write(LINE)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/journal: calls cannot be recorded: {os.strerror(errno.EEXIST)}; free some space or see to the disk"
    ]
