"""Calls of tools as evidence: arguments taken apart into fields, and whether the call failed."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from policies.tools.outcome import classify
from records.run import Run
from stores.runs import RunStore

FAILED: Final = frozenset({"caller_error", "tool_error", "timeout"})
_MOST: Final = 5_000
"""Of each tool, the latest calls."""
_MOST_FIELDS: Final = 40
_DEEPEST: Final = 3
_AT_ONCE: Final = 500


class Tried(NamedTuple):
    """One call. `fields` by the way to them, `a.b` for what is in an object; `said` is the result, if it failed."""

    session: str
    fields: Mapping[str, Any]
    failed: bool
    said: str = ""


def read_calls(
    runs: RunStore, agent: str, *, since_ns: int = 0, read: Callable[[int], None] = lambda done: None
) -> dict[str, list[Tried]]:
    """By tool, the calls that live runs brought results of. Who tries the same again in a session tells nothing new.

    `read` is told how many runs were read so far.
    """
    found: dict[str, deque[Tried]] = {}
    known: set[tuple[str, str, str]] = set()
    place = done = 0
    while True:
        page = runs.after(place, _AT_ONCE, agent)
        for indexed in page.runs:
            run = indexed.run
            if run.source == "live" and run.started_ns >= since_ns:
                for name, arguments, tried in _tried(run):
                    key = (tried.session, name, arguments)
                    if key not in known:
                        known.add(key)
                        found.setdefault(name, deque(maxlen=_MOST)).append(tried)
        done += len(page.runs)
        read(done)
        if len(page.runs) < _AT_ONCE:
            return {name: list(calls) for name, calls in found.items()}
        place = page.upto


def _tried(run: Run) -> Iterable[tuple[str, str, Tried]]:
    for event in run.tools:
        fields = fields_of(event.arguments)
        if fields is None:
            continue
        outcome = event.outcome if event.outcome != "unknown" else classify(event.name, event.result)
        failed = outcome in FAILED
        yield event.name, event.arguments, Tried(run.session or run.id, fields, failed, event.result if failed else "")


def fields_of(arguments: str) -> dict[str, Any] | None:
    """None for what is no JSON object."""
    try:
        given = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    found: dict[str, Any] = {}
    _flatten(given, "", found, 1)
    return found


def _flatten(given: Mapping[str, Any], prefix: str, found: dict[str, Any], depth: int) -> None:
    for name, value in given.items():
        if len(found) >= _MOST_FIELDS:
            return
        if isinstance(value, dict) and value and depth < _DEEPEST:
            _flatten(value, f"{prefix}{name}.", found, depth + 1)
        else:
            found[f"{prefix}{name}"] = value
