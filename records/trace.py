"""A Run as the spans of one trace, and back.

    POST /v1/chat/completions   SERVER
    └ invoke_agent NAME         INTERNAL
      ├ <step>                  INTERNAL   one per middleware, its facts as attributes
      ├ execute_tool NAME       INTERNAL   linked to the chat span that asked for it
      └ chat MODEL              CLIENT     bodies, tokens, cost
        └ POST upstream         CLIENT     one per attempt

Span ids count up from the second half of the run id, so they need not be stored, and any order of spans reads back.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from records import attributes as a
from records.run import Attempt, Fact, JsonValue, Run, Step, ToolEvent, Usage

INTERNAL: Final = 1
SERVER: Final = 2
CLIENT: Final = 3

_IDS: Final = 1 << 64


class TraceError(ValueError):
    """Spans that do not make a run: not written by Burnish, or incomplete."""


class Link(msgspec.Struct, frozen=True):
    trace_id: str
    span_id: str


class Event(msgspec.Struct, frozen=True):
    """A point in a span's time; here, a further fact of a name that the span already has as attributes."""

    name: str
    time_ns: int
    attributes: dict[str, JsonValue]


class Span(msgspec.Struct, kw_only=True):
    """One OpenTelemetry span, in plain types. Ids are lower-case hex."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: dict[str, JsonValue]
    error: str | None = None
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()


def server_span_id(run_id: str) -> str:
    """The span id under which a run's own server span is known, to parent what the call causes."""
    return _span_id(run_id, 0)


def chat_span_id(run_id: str) -> str:
    return _span_id(run_id, 2)


def spans_of(run: Run) -> list[Span]:
    """The spans of `run`, parents before children."""
    server, agent, chat = (_span_id(run.id, i) for i in range(3))
    spans = [
        Span(
            trace_id=run.trace_id,
            span_id=server,
            parent_id=run.parent_span_id,
            name=run.route,
            kind=SERVER,
            start_ns=run.started_ns,
            end_ns=run.ended_ns,
            attributes=_server_attributes(run),
            error=run.error,
        ),
        Span(
            trace_id=run.trace_id,
            span_id=agent,
            parent_id=server,
            name=f"invoke_agent {run.agent}",
            kind=INTERNAL,
            start_ns=run.started_ns,
            end_ns=run.ended_ns,
            attributes={
                a.KIND: "agent",
                a.OPERATION: "invoke_agent",
                a.AGENT_NAME: run.agent,
                a.TURN: run.turn,
                a.VARIANT: run.variant,
            },
        ),
        Span(
            trace_id=run.trace_id,
            span_id=chat,
            parent_id=agent,
            name=f"{run.operation} {run.model or run.model_requested or run.provider or 'nothing'}",
            kind=CLIENT,
            start_ns=run.chat_started_ns,
            end_ns=run.chat_ended_ns,
            attributes=_chat_attributes(run),
        ),
    ]
    next_id = 3
    for step in run.steps:
        spans.append(_step_span(run, step, _span_id(run.id, next_id), agent))
        next_id += 1
    for tool in run.tools:
        spans.append(_tool_span(run, tool, _span_id(run.id, next_id), agent))
        next_id += 1
    for attempt in run.attempts:
        spans.append(_attempt_span(run, attempt, _span_id(run.id, next_id), chat))
        next_id += 1
    return spans


def run_of(spans: Iterable[Span]) -> Run:
    """The run that `spans_of` made these from, whatever their order. Raises `TraceError` when they make none."""
    by_kind: dict[str, list[Span]] = {}
    for span in spans:
        by_kind.setdefault(str(span.attributes.get(a.KIND)), []).append(span)
    try:
        (server,), (agent,), (chat,) = by_kind["server"], by_kind["agent"], by_kind["chat"]
    except (KeyError, ValueError):
        found = sorted(kind for kind in by_kind if kind != "None")
        raise TraceError(
            f"not the spans of one Burnish run: needs one server, one agent and one chat span, found {found or 'none'}"
        ) from None
    first = int(server.span_id, 16)
    for group in by_kind.values():
        group.sort(key=lambda span: (int(span.span_id, 16) - first) % _IDS)
    return _run(server, agent, chat, by_kind)


def runs_of(spans: Iterable[Span]) -> Iterator[Run]:
    """All the runs among mixed spans; one incoming trace may hold several. Spans of other programs are passed over."""
    spans = [span for span in spans if a.KIND in span.attributes]
    known = {span.span_id: span for span in spans}
    groups: dict[str, list[Span]] = {}
    for span in spans:
        top = span
        while top.attributes[a.KIND] != "server" and top.parent_id in known:
            top = known[top.parent_id]
        groups.setdefault(top.span_id, []).append(span)
    return (run_of(group) for group in groups.values())


def _span_id(run_id: str, index: int) -> str:
    # An all-zero id is invalid in OpenTelemetry, so the counter skips it.
    return f"{(int(run_id[16:], 16) + index) % _IDS or index + 1:016x}"


def _server_attributes(run: Run) -> dict[str, JsonValue]:
    method, _, path = run.route.partition(" ")
    found = {
        a.KIND: "server",
        a.HTTP_METHOD: method,
        a.URL_PATH: path,
        a.HTTP_STATUS: run.status,
        a.RUN_ID: run.id,
        a.TENANT: run.tenant,
        a.CONFIG_HASH: run.config_hash,
        a.SOURCE: run.source,
        a.OUTCOME: run.outcome,
        a.SESSION_SOURCE: run.session_source,
        a.REQUEST_STREAM: run.streamed,
    }
    if run.session is not None:
        found[a.SESSION_ID] = run.session
    if run.user is not None:
        found[a.USER_ID] = run.user
    if run.first_chunk_ns is not None:
        found[a.FIRST_CHUNK] = run.first_chunk_ns
    if run.error is not None:
        found[a.ERROR] = run.error
    return found


def _chat_attributes(run: Run) -> dict[str, JsonValue]:
    optional: tuple[tuple[str, JsonValue], ...] = (
        (a.PROVIDER, run.provider),
        (a.MODEL_REQUESTED, run.model_requested),
        (a.REQUEST_MODEL, run.model),
        (a.RESPONSE_MODEL, run.model_answered),
        (a.RESPONSE_ID, run.response_id),
        (a.CONVERSATION_ID, run.session),
        (a.COST, run.cost_usd),
        (a.REQUEST_BODY, run.request),
        (a.SENT_BODY, run.sent),
        (a.ANSWER_BODY, run.answer),
    )
    found: dict[str, JsonValue] = {a.KIND: "chat", a.OPERATION: run.operation}
    found.update((name, value) for name, value in optional if value is not None)
    if run.finish_reasons:
        found[a.FINISH_REASONS] = list(run.finish_reasons)
    if run.usage is not None:
        found[a.INPUT_TOKENS] = run.usage.input
        found[a.OUTPUT_TOKENS] = run.usage.output
        found[a.CACHED_TOKENS] = run.usage.cached
        found[a.REASONING_TOKENS] = run.usage.reasoning
    return found


def _step_span(run: Run, step: Step, span_id: str, parent: str) -> Span:
    found: dict[str, JsonValue] = {a.KIND: "step", a.STEP: step.name}
    events = []
    if step.facts:
        seen = set()
        for fact in step.facts:
            if fact.name in seen:
                events.append(Event(fact.name, step.ended_ns, fact.attributes))
            else:
                seen.add(fact.name)
                for key, value in fact.attributes.items():
                    found[f"burnish.{fact.name}.{key}"] = value
        found[a.FACTS] = [f"{fact.name}@{fact.version}" for fact in step.facts]
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name=step.name,
        kind=INTERNAL,
        start_ns=step.started_ns,
        end_ns=step.ended_ns,
        attributes=found,
        error=step.error,
        events=events,
    )


def _tool_span(run: Run, tool: ToolEvent, span_id: str, parent: str) -> Span:
    found: dict[str, JsonValue] = {
        a.KIND: "tool",
        a.OPERATION: "execute_tool",
        a.TOOL_NAME: tool.name,
        a.TOOL_CALL_ID: tool.call_id,
        a.TOOL_ARGUMENTS: tool.arguments,
        a.TOOL_RESULT: tool.result,
        a.TOOL_OUTCOME: tool.outcome,
        a.TOOL_INFERRED: True,
    }
    links: tuple[Link, ...] = ()
    if tool.asked_by is not None:
        found[a.TOOL_ASKED_BY] = tool.asked_by
        if tool.asked_trace is not None:
            found[a.TOOL_TRACE] = tool.asked_trace
            links = (Link(tool.asked_trace, chat_span_id(tool.asked_by)),)
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name=f"execute_tool {tool.name}",
        kind=INTERNAL,
        # A span needs times; a tool whose asking call is unknown is shown as a point at the call's start.
        start_ns=tool.started_ns or run.started_ns,
        end_ns=tool.ended_ns or run.started_ns,
        attributes=found,
        links=links,
    )


def _attempt_span(run: Run, attempt: Attempt, span_id: str, parent: str) -> Span:
    found: dict[str, JsonValue] = {
        a.KIND: "attempt",
        a.HTTP_METHOD: "POST",
        a.PROVIDER: attempt.provider,
        a.REQUEST_MODEL: attempt.model,
    }
    if attempt.status is not None:
        found[a.HTTP_STATUS] = attempt.status
    if attempt.request_id is not None:
        found[a.ATTEMPT_REQUEST_ID] = attempt.request_id
    if attempt.error is not None:
        found[a.ERROR] = attempt.error
    return Span(
        trace_id=run.trace_id,
        span_id=span_id,
        parent_id=parent,
        name="POST upstream",
        kind=CLIENT,
        start_ns=attempt.started_ns,
        end_ns=attempt.ended_ns,
        attributes=found,
        error=attempt.error,
    )


def _run(server: Span, agent: Span, chat: Span, by_kind: dict[str, list[Span]]) -> Run:
    top, middle, model = server.attributes, agent.attributes, chat.attributes
    usage = None
    if a.INPUT_TOKENS in model:
        usage = Usage(model[a.INPUT_TOKENS], model[a.OUTPUT_TOKENS], model[a.CACHED_TOKENS], model[a.REASONING_TOKENS])
    try:
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
            usage=usage,
            cost_usd=model.get(a.COST),
            request=model.get(a.REQUEST_BODY),
            sent=model.get(a.SENT_BODY),
            answer=model.get(a.ANSWER_BODY),
            steps=tuple(map(_step, by_kind.get("step", ()))),
            tools=tuple(map(_tool, by_kind.get("tool", ()))),
            attempts=tuple(map(_attempt, by_kind.get("attempt", ()))),
        )
    except KeyError as missing:
        raise TraceError(f"span {server.span_id}: not a whole Burnish run: attribute {missing} is missing") from None


def _step(span: Span) -> Step:
    repeats: dict[str, list[Event]] = {}
    for event in span.events:
        repeats.setdefault(event.name, []).append(event)
    facts, seen = [], set()
    for label in span.attributes.get(a.FACTS, ()):
        name, _, version = label.rpartition("@")
        if name in seen:
            attributes = repeats[name].pop(0).attributes
        else:
            seen.add(name)
            prefix = f"burnish.{name}."
            attributes = {key[len(prefix) :]: value for key, value in span.attributes.items() if key.startswith(prefix)}
        facts.append(Fact(name, attributes, int(version)))
    return Step(span.attributes[a.STEP], span.start_ns, span.end_ns, tuple(facts), span.error)


def _tool(span: Span) -> ToolEvent:
    found = span.attributes
    asked_by = found.get(a.TOOL_ASKED_BY)
    return ToolEvent(
        call_id=found[a.TOOL_CALL_ID],
        name=found[a.TOOL_NAME],
        arguments=found[a.TOOL_ARGUMENTS],
        result=found[a.TOOL_RESULT],
        outcome=found[a.TOOL_OUTCOME],
        started_ns=span.start_ns if asked_by else 0,
        ended_ns=span.end_ns if asked_by else 0,
        asked_by=asked_by,
        asked_trace=found.get(a.TOOL_TRACE),
    )


def _attempt(span: Span) -> Attempt:
    found = span.attributes
    return Attempt(
        provider=found[a.PROVIDER],
        model=found[a.REQUEST_MODEL],
        started_ns=span.start_ns,
        ended_ns=span.end_ns,
        status=found.get(a.HTTP_STATUS),
        request_id=found.get(a.ATTEMPT_REQUEST_ID),
        error=found.get(a.ERROR),
    )
