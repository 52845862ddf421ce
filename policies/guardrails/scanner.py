"""Looks at one channel of a streamed reply as it comes, and lets go of what is decided.

Only that waits which may still become a match: from the first place on where what has come is the beginning of some
pattern. In prose that is a character or two. What comes out, put together, is what came in; and where it is masked, it
is masked as the whole text would be, however it was cut.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from policies.guardrails.matching import Match, Matcher
from policies.guardrails.seeking import Range, Seeker, Tally
from policies.guardrails.view import View, begun


class Span(NamedTuple):
    """Text that is decided. With a match it is what was matched, at places of the whole channel; `goes_on` where it
    only continues the match of a span before."""

    text: str
    match: Match | None = None
    goes_on: bool = False


class Scanner:
    """Give it every piece in order, then `end` it. Places inside are bytes of what is read from `_kept` on."""

    def __init__(self, matcher: Matcher, *, json: bool = False) -> None:
        """`json`: the channel is JSON, as a tool call's arguments are, and escapes in it are read."""
        self._matcher = matcher
        self._json = json
        self._kept = ""
        self._before = 0
        """Characters of the channel that came before what is kept."""
        self._looked = 0
        """All matches that start before are known."""
        self._out = 0
        """All before has been let go,"""
        self._gone = 0
        """and as many characters of what is kept."""
        self._begun = ""
        self._waiting: list[_Waiting] = []
        """What was not let go as a whole, or may go on; in order."""
        self._resume: dict[Seeker, int] = {}
        self._tallies: defaultdict[Seeker, Tally] = defaultdict(Tally)

    @property
    def held(self) -> int:
        """How many characters wait, as they are read; never more than the matcher's `longest`."""
        return len(View(self._kept[self._gone :], json=self._json).data.decode())

    def feed(self, text: str) -> list[Span]:
        kept = self._kept + text
        if not self._waiting and kept.isascii() and (not self._json or "\\" not in kept) and not self._begun:
            data = kept.encode()
            start = self._looked
            if len(data) - start < self._matcher.shortest or not self._matcher.may_break(data, start):
                return self._nothing_found(kept, data, start)
        return self._look(text, ended=False)

    def end(self) -> list[Span]:
        """What waited. A scanner is not fed after it."""
        return self._look("", ended=True)

    def _nothing_found(self, kept: str, data: bytes, start: int) -> list[Span]:
        waits = self._matcher.waits(data, start)
        out = self._out
        # One character is kept for patterns to look back at.
        drop = waits - 1 if waits else 0
        self._kept = kept[drop:]
        self._before += drop
        self._looked = waits - drop
        self._out = self._gone = max(waits, out) - drop
        self._forget_before(waits, drop)
        return [Span(kept[out:waits])] if waits > out else []

    def _look(self, text: str, *, ended: bool) -> list[Span]:
        written = self._kept + self._begun + text
        whole = len(written) if ended or not self._json else begun(written)
        written, self._begun = written[:whole], written[whole:]
        view = View(written, json=self._json)
        data = view.data
        for waiting in self._waiting:
            part = waiting.part
            part.go_on(data)
            self._resume[part.seeker] = max(part.end, self._resume.get(part.seeker, 0))
        waits = len(data) if ended else self._matcher.waits(data, self._looked)
        if self._matcher.may_break(data, self._looked):
            before = waits + ended
            for part in self._matcher.ranges(data, self._resume, self._tallies, start=self._looked, before=before):
                self._resume[part.seeker] = max(part.end, self._resume.get(part.seeker, 0))
                if not part.allowed:
                    self._waiting.append(_Waiting(part))
            self._waiting.sort(key=_Waiting.order)
        spans = list(self._let_go(written, view, waits, ended=ended))
        self._keep_from(written, view, waits)
        return spans

    def _let_go(self, written: str, view: View, waits: int, *, ended: bool) -> Iterator[Span]:
        """What is decided: all up to where it waits, and matches that start before there."""
        left: list[_Waiting] = []
        for waiting in self._waiting:
            part = waiting.part
            if part.start >= waits and not ended:
                left.append(waiting)
                continue
            if part.start >= self._out:
                yield from self._plain(written, view.written(part.start))
            if part.end > self._out or waiting.match:
                self._out = max(part.end, self._out)
                yield from self._matched(waiting, written, view.written(self._out))
            if part.end == len(view.data) and part.open and not ended:
                left.append(waiting)
        if waits >= self._out:
            yield from self._plain(written, view.written(waits))
            self._out = waits
        self._waiting = left

    def _plain(self, written: str, end: int) -> Iterator[Span]:
        if end > self._gone:
            yield Span(written[self._gone : end])
            self._gone = end

    def _matched(self, waiting: "_Waiting", written: str, end: int) -> Iterator[Span]:
        if end > self._gone:
            goes_on = waiting.match is not None
            waiting.match = waiting.match or Match(
                waiting.part.seeker.rule, self._before + self._gone, self._before + end
            )
            yield Span(written[self._gone : end], waiting.match, goes_on)
            self._gone = end

    def _keep_from(self, written: str, view: View, waits: int) -> None:
        drop = max(waits - 1, 0)
        while drop and view.data[drop] & 0xC0 == 0x80:
            drop -= 1
        start = min(view.written(drop), self._gone)
        self._kept = written[start:]
        self._before += start
        self._gone -= start
        self._looked, self._out = waits - drop, self._out - drop
        for waiting in self._waiting:
            part = waiting.part
            part.start, part.sure, part.end = part.start - drop, part.sure - drop, part.end - drop
        self._forget_before(waits, drop)

    def _forget_before(self, waits: int, drop: int) -> None:
        """Of where each rule is to be looked for again, what still counts, now that `drop` bytes are gone."""
        if self._resume:
            self._resume = {seeker: place - drop for seeker, place in self._resume.items() if place > waits}


@dataclass(slots=True)
class _Waiting:
    """With its match where some of it was let go."""

    part: Range
    match: Match | None = None

    def order(self) -> tuple[int, int, int]:
        return self.part.order()
