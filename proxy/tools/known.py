"""What is known of one agent's tools as the document it is kept in, and what workers are told of it."""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from policies.tools.fold import fold
from policies.tools.outcome import ToolOutcome, classify
from policies.tools.settings import BreakerSettings
from policies.tools.shape import shape_of
from policies.tools.state import Called, Change, ToolsState
from records.run import Run, ToolEvent
from stores.tool_states import Failing, FailingTools

VERSION: Final = 1
"""Of the document; another one is made again from the runs."""
_REMEMBERED: Final = 1_000
"""Results that are known when their call comes again."""
_LONGEST: Final = 24 * 3600.0
"""Seconds: what took longer waited for a person."""

_OUTCOMES: Final[dict[str, ToolOutcome]] = {
    "ok": "ok",
    "empty": "empty",
    "caller_error": "caller_error",
    "tool_error": "tool_error",
    "timeout": "timeout",
}


class Known(msgspec.Struct):
    """All that must outlive the process; it can be made again from the record. It holds no arguments and no results."""

    version: int = VERSION
    runs: int = 0
    """Up to where runs were read, by the store's order."""

    tools: ToolsState = msgspec.field(default_factory=ToolsState)
    seen: dict[str, None] = {}
    """Digests of the latest results: a client that sends its call again brings them again."""

    def take(self, settings: BreakerSettings, runs: Iterable[Run]) -> list[Change]:
        """Fold the results that live runs brought."""
        calls = [call for run in runs if run.source == "live" for call in self._new(run)]
        calls.sort(key=lambda call: call.at_ns)
        self.tools, changes = fold(settings, self.tools, calls)
        return changes

    def _new(self, run: Run) -> Iterable[Called]:
        for event in run.tools:
            digest = _digest(run, event)
            if digest in self.seen or (event.name == "unknown" and not event.arguments):
                continue
            self.seen[digest] = None
            if len(self.seen) > _REMEMBERED:
                del self.seen[next(iter(self.seen))]
            yield called(run, event)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Known).decode


def encoded(known: Known) -> bytes:
    return _encode(known)


def known_from(state: bytes) -> Known | None:
    """None where it was written by another version of Burnish."""
    try:
        known = _decode(state)
    except msgspec.MsgspecError:
        return None
    return known if known.version == VERSION else None


def called(run: Run, event: ToolEvent) -> Called:
    """A result as it is judged. Runs that were recorded before results were classified are classified now."""
    outcome = _OUTCOMES.get(event.outcome) or classify(event.name, event.result)
    seconds = (event.ended_ns - event.started_ns) / 1e9 if event.asked_by else None
    return Called(
        tool=event.name,
        outcome=outcome,
        at_ns=event.ended_ns or run.started_ns,
        seconds=seconds if seconds is not None and 0 <= seconds <= _LONGEST else None,
        shape=shape_of(event.arguments),
    )


def failing(agent: str, tools: ToolsState) -> FailingTools:
    """The tools whose breakers are not closed."""
    found = {
        name: Failing(held.opened_ns, held.until_ns, held.why)
        for name, tool in tools.tools.items()
        for held in (tool.breaker,)
        if held.opened_ns
    }
    return FailingTools(agent=agent, tools=found)


def _digest(run: Run, event: ToolEvent) -> str:
    told = "\0".join((run.session or run.id, event.call_id, event.name, event.arguments, event.result))
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
