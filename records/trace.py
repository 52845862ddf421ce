"""The spans of a trace as Runs: what `records.line` wrote, in any order and beside any other program's spans."""

from collections.abc import Iterable, Iterator
from typing import Final

from records import attributes as a
from records.run import Attempt, Fact, JsonValue, Run, Step, ToolEvent, Usage
from records.span import Event, Span, plain

_IDS: Final = 1 << 64


class TraceError(ValueError):
    """Spans that do not make a run: not written by Burnish, or incomplete."""


def span_numbers(run_id: str) -> Iterator[int]:
    """The ids of a run's spans, as numbers: server, agent, chat, then the others.

    They count up from the second half of the run id, so they need not be stored.
    """
    number = int(run_id[16:], 16)
    while True:
        # An all-zero id is invalid in OpenTelemetry.
        number = number % _IDS or 1
        yield number
        number += 1


def chat_span_id(run_id: str) -> str:
    """The id of the span that a call's own upstream requests, and the tools it asked for, refer to."""
    numbers = span_numbers(run_id)
    _server, _agent, chat = next(numbers), next(numbers), next(numbers)
    return f"{chat:016x}"


def run_of(spans: Iterable[Span]) -> Run:
    """The run whose spans these are, whatever their order. Raises `TraceError` when they make none."""
    return _run_of([_Read(span) for span in spans])


def runs_of(spans: Iterable[Span]) -> Iterator[Run]:
    """All the runs among mixed spans; one incoming trace may hold several. Spans of other programs are passed over."""
    ours = [read for read in map(_Read, spans) if read.kind is not None]
    known = {read.span.span_id: read for read in ours}
    groups: dict[str, list[_Read]] = {}
    for read in ours:
        top = read
        while top.kind != "server" and (parent := known.get(top.span.parent_id)) is not None:
            top = parent
        groups.setdefault(top.span.span_id, []).append(read)
    return map(_run_of, groups.values())


class _Read:
    """A span and its attributes as plain values."""

    __slots__ = ("kind", "span", "values")

    def __init__(self, span: Span) -> None:
        self.span = span
        self.values = plain(span.attributes)
        self.kind = self.values.get(a.KIND)


def _run_of(spans: list[_Read]) -> Run:
    by_kind: dict[str, list[_Read]] = {}
    for read in spans:
        by_kind.setdefault(str(read.kind), []).append(read)
    try:
        (server,), (agent,), (chat,) = by_kind["server"], by_kind["agent"], by_kind["chat"]
    except (KeyError, ValueError):
        found = sorted(kind for kind in by_kind if kind != "None")
        raise TraceError(
            f"not the spans of one Burnish run: needs one server, one agent and one chat span, found {found or 'none'}"
        ) from None
    try:
        for group in by_kind.values():
            if len(group) > 1:
                group.sort(key=lambda read: _place(server, read))
        return _run(server, agent, chat, by_kind)
    except KeyError as missing:
        raise TraceError(
            f"span {server.span.span_id}: not a whole Burnish run: attribute {missing} is missing"
        ) from None
    except (ValueError, TypeError, AttributeError, StopIteration) as error:
        raise TraceError(f"span {server.span.span_id}: not a Burnish run: {error}") from None


def _place(server: _Read, read: _Read) -> tuple[bool, str]:
    """Sorts spans by their number: ids of one length, those that count on behind the highest one last."""
    return read.span.span_id < server.span.span_id, read.span.span_id


def _run(server: _Read, agent: _Read, chat: _Read, by_kind: dict[str, list[_Read]]) -> Run:
    top, middle, model = server.values, agent.values, chat.values
    usage = None
    if a.INPUT_TOKENS in model:
        usage = Usage(model[a.INPUT_TOKENS], model[a.OUTPUT_TOKENS], model[a.CACHED_TOKENS], model[a.REASONING_TOKENS])
    return Run(
        id=top[a.RUN_ID],
        trace_id=server.span.trace_id.lower(),
        parent_span_id=server.span.parent_id.lower() or None,
        tenant=top[a.TENANT],
        agent=middle[a.AGENT_NAME],
        config_hash=top[a.CONFIG_HASH],
        route=server.span.name,
        operation=model[a.OPERATION],
        source=top[a.SOURCE],
        turn=middle[a.TURN],
        session=top.get(a.SESSION_ID),
        session_source=top[a.SESSION_SOURCE],
        user=top.get(a.USER_ID),
        started_ns=server.span.start_ns,
        first_chunk_ns=top.get(a.FIRST_CHUNK),
        ended_ns=server.span.end_ns,
        chat_started_ns=chat.span.start_ns,
        chat_ended_ns=chat.span.end_ns,
        status=top[a.HTTP_STATUS],
        outcome=top[a.OUTCOME],
        error=top.get(a.ERROR),
        streamed=top[a.REQUEST_STREAM],
        variant=middle[a.VARIANT],
        provider=model.get(a.PROVIDER),
        model_requested=model.get(a.MODEL_REQUESTED),
        model=model.get(a.REQUEST_MODEL),
        model_answered=model.get(a.RESPONSE_MODEL),
        response_id=model.get(a.RESPONSE_ID),
        finish_reasons=tuple(model.get(a.FINISH_REASONS, ())),
        usage=usage,
        cost_usd=model.get(a.COST),
        request=model.get(a.REQUEST_BODY),
        sent=model.get(a.SENT_BODY),
        answer=model.get(a.ANSWER_BODY),
        steps=tuple(map(_step, by_kind.get("step", ()))),
        tools=tuple(map(_tool, by_kind.get("tool", ()))),
        attempts=tuple(map(_attempt, by_kind.get("attempt", ()))),
    )


def _step(read: _Read) -> Step:
    span, values = read.span, read.values
    events = [*span.events]
    facts, seen = [], set()
    for label in values.get(a.FACTS, ()):
        name, _, version = label.rpartition("@")
        if name in seen or "." in name:
            attributes = plain(_take(events, name).attributes)
        else:
            seen.add(name)
            attributes = _under(f"burnish.{name}.", values)
        facts.append(Fact(name, attributes, int(version)))
    return Step(values[a.STEP], span.start_ns, span.end_ns, tuple(facts), span.error)


def _take(events: list[Event], name: str) -> Event:
    """The next event of that name."""
    return events.pop(next(place for place, event in enumerate(events) if event.name == name))


def _under(prefix: str, values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key[len(prefix) :]: value for key, value in values.items() if key.startswith(prefix)}


def _tool(read: _Read) -> ToolEvent:
    span, values = read.span, read.values
    asked_by = values.get(a.TOOL_ASKED_BY)
    return ToolEvent(
        call_id=values[a.TOOL_CALL_ID],
        name=values[a.TOOL_NAME],
        arguments=values[a.TOOL_ARGUMENTS],
        result=values[a.TOOL_RESULT],
        outcome=values[a.TOOL_OUTCOME],
        started_ns=span.start_ns if asked_by else 0,
        ended_ns=span.end_ns if asked_by else 0,
        asked_by=asked_by,
        asked_trace=values.get(a.TOOL_TRACE),
    )


def _attempt(read: _Read) -> Attempt:
    span, values = read.span, read.values
    return Attempt(
        provider=values[a.PROVIDER],
        model=values[a.REQUEST_MODEL],
        started_ns=span.start_ns,
        ended_ns=span.end_ns,
        status=values.get(a.HTTP_STATUS),
        request_id=values.get(a.ATTEMPT_REQUEST_ID),
        error=values.get(a.ERROR),
    )
