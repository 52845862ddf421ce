"""The spans of a trace as Runs: what `records.tree` or `records.line` wrote, in any order, beside any other spans."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from records import attributes as a
from records.run import Attempt, Fact, JsonValue, Run, SideCall, Step, ToolEvent, Usage
from records.span import Event, Span

_IDS: Final = 1 << 64
_TOPS: Final = ("server", "run")
_decode: Final = msgspec.json.Decoder(Run).decode


class TraceError(ValueError):
    """Spans that do not make a run: not written by Burnish, or incomplete."""


def span_ids(run_id: str) -> Iterator[str]:
    """The ids of a run's spans: server, agent, chat, then the others.

    They count up from the second half of the run id, so they need not be stored.
    """
    number = int(run_id[16:], 16)
    while True:
        # An all-zero id is invalid in OpenTelemetry.
        number = number % _IDS or 1
        yield f"{number:016x}"
        number += 1


def server_span_id(run_id: str) -> str:
    return next(span_ids(run_id))


def chat_span_id(run_id: str) -> str:
    """The id of the span that a call's own upstream requests, and the tools it asked for, refer to."""
    ids = span_ids(run_id)
    _server, _agent, chat = next(ids), next(ids), next(ids)
    return chat


def run_of(spans: Iterable[Span]) -> Run:
    """The run whose spans these are, whatever their order. Raises `TraceError` when they make none."""
    by_kind: dict[str, list[Span]] = {}
    for span in spans:
        by_kind.setdefault(str(span.attributes.get(a.KIND)), []).append(span)
    if whole := by_kind.get("run"):
        return _whole_run(whole[0])
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
                # By number: ids have one length, and those that count on behind the highest one come last.
                group.sort(key=lambda span: (span.span_id < server.span_id, span.span_id))
        return _run(server, agent, chat, by_kind)
    except KeyError as missing:
        raise TraceError(f"span {server.span_id}: not a whole Burnish run: attribute {missing} is missing") from None
    except (ValueError, TypeError, AttributeError, StopIteration) as error:
        raise TraceError(f"span {server.span_id}: not a Burnish run: {error}") from None


def runs_of(spans: Iterable[Span]) -> Iterator[Run]:
    """All the runs among mixed spans; one incoming trace may hold several. Spans of other programs are passed over, and
    scores, which come when their run has long been told."""
    ours = [span for span in spans if span.attributes.get(a.KIND, "evaluation") != "evaluation"]
    known = {span.span_id: span for span in ours}
    groups: dict[str, list[Span]] = {}
    for span in ours:
        top = span
        while top.attributes[a.KIND] not in _TOPS and top.parent_id in known:
            top = known[top.parent_id]
        groups.setdefault(top.span_id, []).append(span)
    return map(run_of, groups.values())


def _whole_run(span: Span) -> Run:
    """From the one span of a journal line."""
    values = span.attributes
    try:
        return msgspec.structs.replace(
            _decode(values[a.RUN]),
            request=values.get(a.REQUEST_BODY),
            sent=values.get(a.SENT_BODY),
            answer=values.get(a.ANSWER_BODY),
        )
    except KeyError as missing:
        raise TraceError(f"span {span.span_id}: not a whole Burnish run: attribute {missing} is missing") from None
    except (msgspec.DecodeError, TypeError) as error:
        raise TraceError(f"span {span.span_id}: not a Burnish run: {error}") from None


def _run(server: Span, agent: Span, chat: Span, by_kind: dict[str, list[Span]]) -> Run:
    top, middle, model = server.attributes, agent.attributes, chat.attributes
    return Run(
        id=top[a.RUN_ID],
        trace_id=server.trace_id,
        parent_span_id=server.parent_id or None,
        tenant=top[a.TENANT],
        agent=middle[a.AGENT_NAME],
        config_hash=top[a.CONFIG_HASH],
        route=server.name,
        operation=model[a.OPERATION],
        source=top[a.SOURCE],
        turn=middle[a.TURN],
        session=top.get(a.SESSION_ID),
        session_source=top[a.SESSION_SOURCE],
        user=top.get(a.USER_ID),
        started_ns=server.start_ns,
        first_chunk_ns=top.get(a.FIRST_CHUNK),
        ended_ns=server.end_ns,
        chat_started_ns=chat.start_ns,
        chat_ended_ns=chat.end_ns,
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
        usage=_usage(model),
        cost_usd=model.get(a.COST),
        request=model.get(a.REQUEST_BODY),
        sent=model.get(a.SENT_BODY),
        answer=model.get(a.ANSWER_BODY),
        steps=tuple(map(_step, by_kind.get("step", ()))),
        tools=tuple(map(_tool, by_kind.get("tool", ()))),
        attempts=tuple(map(_attempt, by_kind.get("attempt", ()))),
        asides=tuple(map(_aside, by_kind.get("aside", ()))),
    )


def _usage(values: dict[str, JsonValue]) -> Usage | None:
    if a.INPUT_TOKENS not in values:
        return None
    return Usage(values[a.INPUT_TOKENS], values[a.OUTPUT_TOKENS], values[a.CACHED_TOKENS], values[a.REASONING_TOKENS])


def _step(span: Span) -> Step:
    values = span.attributes
    events = [*span.events]
    facts, seen = [], set()
    for label in values.get(a.FACTS, ()):
        name, _, version = label.rpartition("@")
        group = a.group_of(name)
        if group in seen or "." in name:
            attributes = _take(events, name).attributes
        else:
            seen.add(group)
            attributes = _under(f"burnish.{group}.", values)
        facts.append(Fact(name, attributes, int(version)))
    return Step(values[a.STEP], span.start_ns, span.end_ns, tuple(facts), span.error)


def _take(events: list[Event], name: str) -> Event:
    """The next event of that name."""
    return events.pop(next(place for place, event in enumerate(events) if event.name == name))


def _under(prefix: str, values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key[len(prefix) :]: value for key, value in values.items() if key.startswith(prefix)}


def _tool(span: Span) -> ToolEvent:
    values = span.attributes
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


def _attempt(span: Span) -> Attempt:
    values = span.attributes
    return Attempt(
        provider=values[a.PROVIDER],
        model=values[a.REQUEST_MODEL],
        started_ns=span.start_ns,
        ended_ns=span.end_ns,
        status=values.get(a.HTTP_STATUS),
        request_id=values.get(a.ATTEMPT_REQUEST_ID),
        error=values.get(a.ERROR),
    )


def _aside(span: Span) -> SideCall:
    values = span.attributes
    return SideCall(
        step=values[a.STEP],
        provider=values[a.PROVIDER],
        model=values[a.REQUEST_MODEL],
        started_ns=span.start_ns,
        ended_ns=span.end_ns,
        usage=_usage(values),
        cost_usd=values.get(a.COST),
        status=values.get(a.HTTP_STATUS),
        error=values.get(a.ERROR),
    )
