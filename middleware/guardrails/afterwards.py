"""What Presidio finds in a reply: replaced or refused in a whole answer, on record at the end of a streamed one.

It looks at a text as a whole, so of a stream nothing can be held back for it: its client has read all when it looks.
"""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from middleware.guardrails.findings import Findings, Refused, between, merged
from middleware.guardrails.presidio import Presidio
from middleware.guardrails.streaming import place_of
from middleware.messages import Channel, Chunk
from policies.guardrails.json_strings import fitting

_AROUND: Final = 64


class Afterwards:
    """The stage for one reply. `refusal` is what its client reads in place of what is blocked, and `hides` tells what
    else nobody is to read in evidence."""

    def __init__(
        self, presidio: Presidio, findings: Findings, refusal: str, hides: Callable[[str], Sequence[tuple[int, int]]]
    ) -> None:
        self._presidio = presidio
        self._findings = findings
        self._refusal = refusal
        self._hides = hides

    async def __call__(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        streamed: defaultdict[Channel, list[str]] = defaultdict(list)
        async for chunk in chunks:
            if chunk.whole:
                for each in await self._whole(chunk):
                    yield each
            else:
                for channel, text in chunk.pieces:
                    streamed[channel].append(text)
                yield chunk
        for channel, texts in streamed.items():
            await self._look(channel, "".join(texts), too_late=True)

    async def _whole(self, chunk: Chunk) -> list[Chunk]:
        said: dict[Channel, str] = {}
        refused: set[int] = set()
        for channel, text in chunk.pieces:
            try:
                instead = await self._look(channel, text, too_late=False)
            except Refused:
                refused.add(channel.choice)
                continue
            if instead != text:
                said[channel] = instead
        left = {channel: text for channel, text in said.items() if channel.choice not in refused}
        changed = chunk.with_pieces(left) if left else chunk
        return list(changed.blocked(self._refusal, refused)) if refused else [changed]

    async def _look(self, channel: Channel, text: str, *, too_late: bool) -> str:
        """The text as the client may read it. Raises `Refused`."""
        place = place_of(channel)
        found = await self._presidio.find(place, text, self._findings, too_late=too_late)
        started = time.perf_counter_ns()
        hidden = merged((start, end) for _, start, end in found)
        told, after, blocked = list[str](), 0, False
        for guard, start, end in found:
            done = guard._replace(action="flag") if too_late and guard.changes else guard
            first, last = max(0, start - _AROUND), end + _AROUND
            self._findings.add(
                done,
                place,
                before=text[first:start],
                found=text[start:end],
                after=text[end:last],
                hidden=[*between(hidden, first, last), *self._hides(text[first:last])],
            )
            blocked |= done.changes and done.action == "block"
            if done.changes and end > after:
                words = done.rule.replacement
                words = fitting(words, text, max(start, after)) if place == "tool_arguments" else words
                told += (text[after : max(start, after)], words)
                after = end
        self._findings.took(started)
        if blocked:
            raise Refused
        return "".join((*told, text[after:]))
