"""Rules over a reply on its way down: what breaks one is replaced, or ends the reply, before any of it is passed on.

Text waits only while it may still become a match, never for more characters than the longest pattern has. What waits is
whole chunks, so that a chunk in which nothing was found leaves as it came, byte for byte. Those of one channel keep
their order; where reasoning waits, say, text does not wait for it.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

from middleware.guardrails.findings import Findings
from middleware.guardrails.plan import Watch
from middleware.messages import Channel, Chunk, Piece
from policies.guardrails.json_strings import JsonStrings
from policies.guardrails.rule import Place
from policies.guardrails.scanner import Span

_BEFORE: Final = 4_096
"""Characters that are kept of what went before, of which a person is shown the last: enough to tell where a secret
began, that only ends there."""


class Guarding:
    """The stage for one reply. `refusal` is what its client reads in place of what is blocked."""

    def __init__(self, watch: Watch, findings: Findings, refusal: str) -> None:
        self._watch = watch
        self._findings = findings
        self._refusal = refusal
        self._lines: dict[Channel, _Line] = {}
        self._choices = {0}
        self._last: Chunk | None = None
        self._blocked = False

    async def __call__(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        chunk, source = None, aiter(chunks)
        while True:
            try:
                chunk = await anext(source)
            except StopAsyncIteration:
                break
            except Exception:
                # What is not decided stays here: it may be the most of what a rule looks for.
                for each in self._decided():
                    yield each
                raise
            for each in self._whole(chunk) if chunk.whole else self._take(chunk):
                self._last = each
                yield each
            if self._blocked:
                break
        if chunk is None or chunk.whole:
            return  # A whole answer is ended already.
        for each in self._rest():
            self._last = each
            yield each
        if self._blocked:
            for each in (self._last or chunk).blocked(self._refusal, self._choices, first=self._last is None):
                yield each

    @property
    def held(self) -> int:
        """Characters that have come and wait, of all channels."""
        return sum(line.held for line in self._lines.values())

    def _take(self, chunk: Chunk) -> list[Chunk]:
        ready: list[Chunk] = []
        pieces = self._watched(chunk)
        own = {piece.channel for piece in pieces}
        for channel, line in self._lines.items():
            if line.waiting and channel not in own and chunk.ends(channel):
                self._say(line, line.scanner.end(), ready)
        if self._blocked:
            return ready
        if not pieces:
            ready.append(chunk)
        elif len(pieces) == 1:
            channel, text = pieces[0]
            line = self._line(channel)
            spans = line.feed(chunk, text)
            if not line.waiting and _passes(spans, text):
                line.passed(text)
                ready.append(chunk)
            else:
                line.waiting.append(_Entry(chunk, channel, text))
                self._say(line, spans, ready)
        else:
            self._take_apart(chunk, pieces, ready)
        return ready

    def _rest(self) -> list[Chunk]:
        """What waits at the end of a stream that did not say that a choice has ended: not all providers do."""
        ready: list[Chunk] = []
        for line in self._lines.values():
            if line.waiting and not self._blocked:
                self._say(line, line.scanner.end(), ready)
        return ready

    def _decided(self) -> list[Chunk]:
        """What is decided of chunks that wait for the rest of it."""
        heads = [line.waiting[0] for line in self._lines.values() if line.waiting]
        return [head.told() for head in heads if head.taken]

    def _watched(self, chunk: Chunk) -> Sequence[Piece]:
        return [piece for piece in chunk.pieces if place_of(piece.channel) in self._watch.places]

    def _take_apart(self, chunk: Chunk, pieces: Sequence[Piece], ready: list[Chunk]) -> None:
        """A chunk that adds to several channels stays whole where all of it may pass, and nothing waits before it."""
        lines = [self._line(piece.channel) for piece in pieces]
        idle = not any(line.waiting for line in lines)
        fed = [line.feed(chunk, piece.text) for line, piece in zip(lines, pieces, strict=True)]
        if idle and all(_passes(spans, piece.text) for spans, piece in zip(fed, pieces, strict=True)):
            ready.append(chunk)
            return
        emptied = chunk.with_pieces({piece.channel: "" for piece in pieces})
        ends = any(chunk.ends(piece.channel) for piece in pieces)
        if not ends:
            ready.append(emptied)
        for line, piece, spans in zip(lines, pieces, fed, strict=True):
            line.waiting.append(_Entry(chunk.carrying(piece.channel, piece.text), piece.channel, piece.text))
            self._say(line, spans, ready)
        if ends and not self._blocked:
            ready.append(emptied)

    def _whole(self, chunk: Chunk) -> list[Chunk]:
        """A whole answer: choices in which something is blocked say the refusal alone."""
        pieces = self._watched(chunk)
        if not any(self._watch.find(place_of(channel), text) for channel, text in pieces):
            return [chunk]
        said: dict[Channel, str] = {}
        refused: set[int] = set()
        for channel, text in pieces:
            line = self._line(channel)
            entry = _Entry(chunk, channel, text)
            line.waiting.append(entry)
            self._say(line, line.feed(chunk, text), [])
            said[channel] = "".join(entry.said)
            if self._blocked:
                refused.add(channel.choice)
                self._blocked = False
        changed = chunk.with_pieces({channel: text for channel, text in said.items() if channel.choice not in refused})
        return list(changed.blocked(self._refusal, refused)) if refused else [changed]

    def _line(self, channel: Channel) -> "_Line":
        line = self._lines.get(channel)
        if line is None:
            line = self._lines[channel] = _Line(self._watch, channel, place_of(channel))
            self._choices.add(channel.choice)
        return line

    def _say(self, line: "_Line", spans: Sequence[Span], ready: list[Chunk]) -> None:
        for span in spans:
            if self._blocked:
                return
            if span.match is None:
                line.pass_on(span.text, span.text, ready)
            elif span.goes_on:
                line.pass_on(span.text, "", ready)
            else:
                guard = self._watch.guard_of(span.match.rule, line.place)
                self._findings.add(guard, line.place, before=line.before, found=span.text)
                if guard.action == "block":
                    self._blocked = True
                    return
                line.pass_on(span.text, line.fitting(span.match.rule.replacement), ready)
        line.make_room(ready)


def place_of(channel: Channel) -> Place:
    return "tool_arguments" if channel.kind == "arguments" else "answer"


class _Entry:
    """A chunk that waits: how much of its text is decided, and what is said in place of that."""

    __slots__ = ("channel", "chunk", "said", "taken", "text")

    def __init__(self, chunk: Chunk, channel: Channel, text: str) -> None:
        self.chunk = chunk
        self.channel = channel
        self.text = text
        self.taken = 0
        self.said: list[str] = []

    def told(self) -> Chunk:
        """The chunk with what is decided of it."""
        return self.chunk.with_pieces({self.channel: "".join(self.said)})

    def done(self) -> Chunk:
        said = "".join(self.said)
        return self.chunk if said == self.text else self.chunk.with_pieces({self.channel: said})


class _Line:
    """One channel: what waits of it, in order."""

    def __init__(self, watch: Watch, channel: Channel, place: Place) -> None:
        self.place = place
        self._channel = channel
        self.scanner = watch.scanner(place)
        self.waiting: deque[_Entry] = deque()
        self.before = ""
        self._json = JsonStrings() if place == "tool_arguments" else None
        self._longest = watch.longest

    @property
    def held(self) -> int:
        return sum(len(entry.text) for entry in self.waiting)

    def feed(self, chunk: Chunk, text: str) -> Sequence[Span]:
        """What is decided now that `chunk` has come, which adds `text`."""
        spans = self.scanner.feed(text)
        return [*spans, *self.scanner.end()] if chunk.ends(self._channel) else spans

    def fitting(self, words: str) -> str:
        """Words to be read in place of what comes next."""
        return words if self._json is None else self._json.fitting(words)

    def passed(self, text: str) -> None:
        """`text` was passed on as it came."""
        if self._json is not None:
            self._json.take(text)
        self.before = text[-_BEFORE:] if len(text) >= _BEFORE else (self.before + text)[-_BEFORE:]

    def pass_on(self, text: str, instead: str, ready: list[Chunk]) -> None:
        """`text` is decided; the client reads `instead`."""
        if self._json is not None:
            self._json.take(text)
        self.before = (self.before + instead)[-_BEFORE:]
        verbatim = instead == text
        while text or instead:
            entry = self.waiting[0]
            part = text[: len(entry.text) - entry.taken]
            text = text[len(part) :]
            entry.taken += len(part)
            entry.said.append(part if verbatim else instead)
            instead = instead[len(part) :] if verbatim else ""
            if entry.taken == len(entry.text):
                self.waiting.popleft()
                ready.append(entry.done())

    def make_room(self, ready: list[Chunk]) -> None:
        """What is decided of a chunk waits for the rest of it, unless more would then be held than was declared."""
        if self.waiting and self.waiting[0].taken and self.held > self._longest:
            head = self.waiting[0]
            ready.append(head.told())
            rest = head.text[head.taken :]
            self.waiting[0] = _Entry(head.chunk.carrying(head.channel, rest), head.channel, rest)


def _passes(spans: Sequence[Span], text: str) -> bool:
    if len(spans) == 1:
        return spans[0].match is None and len(spans[0].text) == len(text)
    return all(span.match is None for span in spans) and sum(len(span.text) for span in spans) == len(text)
