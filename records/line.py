"""A run as one line of OTLP JSON: the spans below, written straight from the run.

    POST /v1/chat/completions   SERVER
    └ invoke_agent NAME         INTERNAL
      ├ <step>                  INTERNAL   one per middleware, its facts as attributes
      ├ execute_tool NAME       INTERNAL   linked to the chat span that asked for it
      └ chat MODEL              CLIENT     bodies, tokens, cost
        └ POST upstream         CLIENT     one per attempt

It is written for every call before its reply ends, so whatever is the same in every line is text made beforehand: that
takes a third of the time of building spans and encoding those. `records.trace` reads it back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from orjson import dumps

from records import attributes as a
from records.attributes import SCHEMA_URL
from records.run import Attempt, Fact, JsonValue, Run, Step, ToolEvent
from records.span import CLIENT, ERROR, INTERNAL, SERVER
from records.trace import chat_span_id, span_numbers
from records.values import any_value, key_values

_Quote: TypeAlias = Callable[[JsonValue], bytes]
_SCOPE: Final = "burnish"
_CLOSED: Final = b"}}"


class LineWriter:
    """`writer(run)` is the run's line, newline included, under the resource that served it."""

    def __init__(self, resource: Mapping[str, JsonValue]) -> None:
        scope, schema = dumps({"name": _SCOPE}), dumps(SCHEMA_URL)
        self._head = (
            b'{"resourceSpans":[{"resource":{"attributes":%b},"scopeSpans":[{"scope":%b,"schemaUrl":%b,"spans":['
            % (dumps(key_values(resource)), scope, schema)
        )
        self._tail = b']}],"schemaUrl":%b}]}\n' % schema

    def __call__(self, run: Run) -> bytes:
        try:
            spans = _spans(run, dumps)
        except TypeError:
            # What orjson raises for a string with half a surrogate pair; such a half is not text and is replaced.
            spans = _spans(run, _quote_any)
        return self._head + b",".join(spans) + self._tail


def _quote_any(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _maybe(key: str) -> bytes:
    """How an attribute begins that holds text and is not in every span; the text and `_CLOSED` follow."""
    return b',{"key":%b,"value":{"stringValue":' % dumps(key)


def _string(key: str) -> bytes:
    return b'{"key":%b,"value":{"stringValue":%%b}}' % dumps(key)


def _whole(key: str) -> bytes:
    return b'{"key":%b,"value":{"intValue":"%%d"}}' % dumps(key)


def _flag(key: str) -> bytes:
    return b'{"key":%b,"value":{"boolValue":%%b}}' % dumps(key)


def _always(key: str, value: JsonValue) -> bytes:
    return dumps({"key": key, "value": any_value(value)})


def _span(kind: int, *attributes: bytes) -> bytes:
    """A template for trace id, span id, parent, name, start, end, the attributes' values, and the rest of the span."""
    return (
        b'{"traceId":%%b,"spanId":"%%b","parentSpanId":%%b,"kind":%d,"name":%%b,'
        b'"startTimeUnixNano":"%%d","endTimeUnixNano":"%%d","attributes":[%b%%b}' % (kind, b",".join(attributes))
    )


_SERVER_SPAN: Final = _span(
    SERVER,
    _always(a.KIND, "server"),
    _string(a.HTTP_METHOD),
    _string(a.URL_PATH),
    _whole(a.HTTP_STATUS),
    _string(a.RUN_ID),
    _string(a.TENANT),
    _string(a.CONFIG_HASH),
    _string(a.SOURCE),
    _string(a.OUTCOME),
    _string(a.SESSION_SOURCE),
    _flag(a.REQUEST_STREAM),
)
_SESSION: Final = _maybe(a.SESSION_ID)
_USER: Final = _maybe(a.USER_ID)
_FIRST_CHUNK: Final = b"," + _whole(a.FIRST_CHUNK)
_ERROR: Final = _maybe(a.ERROR)
_AGENT_SPAN: Final = _span(
    INTERNAL,
    _always(a.KIND, "agent"),
    _always(a.OPERATION, "invoke_agent"),
    _string(a.AGENT_NAME),
    _string(a.TURN),
    _string(a.VARIANT),
)
_CHAT_SPAN: Final = _span(CLIENT, _always(a.KIND, "chat"), _string(a.OPERATION))
_PROVIDER: Final = _maybe(a.PROVIDER)
_MODEL_REQUESTED: Final = _maybe(a.MODEL_REQUESTED)
_REQUEST_MODEL: Final = _maybe(a.REQUEST_MODEL)
_RESPONSE_MODEL: Final = _maybe(a.RESPONSE_MODEL)
_RESPONSE_ID: Final = _maybe(a.RESPONSE_ID)
_CONVERSATION: Final = _maybe(a.CONVERSATION_ID)
_REQUEST_BODY: Final = _maybe(a.REQUEST_BODY)
_SENT_BODY: Final = _maybe(a.SENT_BODY)
_ANSWER_BODY: Final = _maybe(a.ANSWER_BODY)
_COST: Final = b',{"key":%b,"value":' % dumps(a.COST)
_FINISH_REASONS: Final = b',{"key":%b,"value":{"arrayValue":{"values":' % dumps(a.FINISH_REASONS)
_USAGE: Final = b"," + b",".join(map(_whole, (a.INPUT_TOKENS, a.OUTPUT_TOKENS, a.CACHED_TOKENS, a.REASONING_TOKENS)))
_STEP_SPAN: Final = _span(INTERNAL, _always(a.KIND, "step"), _string(a.STEP))
_TOOL_SPAN: Final = _span(
    INTERNAL,
    _always(a.KIND, "tool"),
    _always(a.OPERATION, "execute_tool"),
    _always(a.TOOL_INFERRED, True),
    _string(a.TOOL_NAME),
    _string(a.TOOL_CALL_ID),
    _string(a.TOOL_ARGUMENTS),
    _string(a.TOOL_RESULT),
    _string(a.TOOL_OUTCOME),
)
_ASKED_BY: Final = _maybe(a.TOOL_ASKED_BY)
_ASKED_TRACE: Final = _maybe(a.TOOL_TRACE)
_ATTEMPT_SPAN: Final = _span(
    CLIENT, _always(a.KIND, "attempt"), _always(a.HTTP_METHOD, "POST"), _string(a.PROVIDER), _string(a.REQUEST_MODEL)
)
_ATTEMPT_STATUS: Final = b"," + _whole(a.HTTP_STATUS)
_ATTEMPT_REQUEST_ID: Final = _maybe(a.ATTEMPT_REQUEST_ID)


def _spans(run: Run, quote: _Quote) -> list[bytes]:
    trace = quote(run.trace_id)
    new_id = map(b"%016x".__mod__, span_numbers(run.id))
    server, agent, chat = next(new_id), next(new_id), next(new_id)
    top, middle, model = b'"%b"' % server, b'"%b"' % agent, b'"%b"' % chat
    spans = [
        _server(run, quote, trace, server),
        _AGENT_SPAN
        % (
            trace,
            agent,
            top,
            quote(f"invoke_agent {run.agent}"),
            run.started_ns,
            run.ended_ns,
            quote(run.agent),
            quote(run.turn),
            quote(run.variant),
            b"]",
        ),
        _chat(run, quote, trace, chat, middle),
    ]
    spans += [_step(step, quote, trace, next(new_id), middle) for step in run.steps]
    spans += [_tool(tool, quote, trace, next(new_id), middle, run.started_ns) for tool in run.tools]
    spans += [_attempt(attempt, quote, trace, next(new_id), model) for attempt in run.attempts]
    return spans


def _server(run: Run, quote: _Quote, trace: bytes, span_id: bytes) -> bytes:
    method, _, path = run.route.partition(" ")
    rest = b""
    if run.session is not None:
        rest += _SESSION + quote(run.session) + _CLOSED
    if run.user is not None:
        rest += _USER + quote(run.user) + _CLOSED
    if run.first_chunk_ns is not None:
        rest += _FIRST_CHUNK % run.first_chunk_ns
    if run.error is not None:
        rest += _ERROR + quote(run.error) + _CLOSED
    return _SERVER_SPAN % (
        trace,
        span_id,
        quote(run.parent_span_id or ""),
        quote(run.route),
        run.started_ns,
        run.ended_ns,
        quote(method),
        quote(path),
        run.status,
        quote(run.id),
        quote(run.tenant),
        quote(run.config_hash),
        quote(run.source),
        quote(run.outcome),
        quote(run.session_source),
        b"true" if run.streamed else b"false",
        rest + _end(run.error, quote),
    )


def _chat(run: Run, quote: _Quote, trace: bytes, span_id: bytes, parent: bytes) -> bytes:
    parts = [
        begin + quote(text) + _CLOSED
        for begin, text in (
            (_PROVIDER, run.provider),
            (_MODEL_REQUESTED, run.model_requested),
            (_REQUEST_MODEL, run.model),
            (_RESPONSE_MODEL, run.model_answered),
            (_RESPONSE_ID, run.response_id),
            (_CONVERSATION, run.session),
            (_REQUEST_BODY, run.request),
            (_SENT_BODY, run.sent),
            (_ANSWER_BODY, run.answer),
        )
        if text is not None
    ]
    if run.cost_usd is not None:
        parts.append(_COST + quote(any_value(run.cost_usd)) + b"}")
    if run.finish_reasons:
        reasons = [{"stringValue": reason} for reason in run.finish_reasons]
        parts.append(_FINISH_REASONS + quote(reasons) + b"}}}")
    if (usage := run.usage) is not None:
        parts.append(_USAGE % (usage.input, usage.output, usage.cached, usage.reasoning))
    parts.append(b"]")
    name = quote(f"{run.operation} {run.model or run.model_requested or 'unknown'}")
    return _CHAT_SPAN % (
        trace, span_id, parent, name, run.chat_started_ns, run.chat_ended_ns, quote(run.operation), b"".join(parts)
    )  # fmt: skip


def _step(step: Step, quote: _Quote, trace: bytes, span_id: bytes, parent: bytes) -> bytes:
    name = quote(step.name)
    rest = (_facts(step.facts, step.ended_ns, quote) if step.facts else b"]") + _status(step.error, quote)
    return _STEP_SPAN % (trace, span_id, parent, name, step.started_ns, step.ended_ns, name, rest)


def _facts(facts: Sequence[Fact], ended_ns: int, quote: _Quote) -> bytes:
    """The first fact of each name as attributes, with all of their names and versions; the others as events.

    So are facts with a dot in their name, whose attributes could be taken for another's.
    """
    found, labels, events = [], [], []
    seen = set()
    for fact in facts:
        labels.append({"stringValue": f"{fact.name}@{fact.version}"})
        if fact.name in seen or "." in fact.name:
            attributes = key_values(fact.attributes)
            events.append({"timeUnixNano": str(ended_ns), "name": fact.name, "attributes": attributes})
        else:
            seen.add(fact.name)
            found += key_values(fact.attributes, f"burnish.{fact.name}.")
    found.append({"key": a.FACTS, "value": {"arrayValue": {"values": labels}}})
    rest = b"," + quote(found)[1:]
    return rest + b',"events":' + quote(events) if events else rest


def _tool(tool: ToolEvent, quote: _Quote, trace: bytes, span_id: bytes, parent: bytes, run_started: int) -> bytes:
    rest = b"]"
    if tool.asked_by is not None:
        rest = _ASKED_BY + quote(tool.asked_by) + _CLOSED + b"]"
        if tool.asked_trace is not None:
            asked_trace, asked_span = quote(tool.asked_trace), quote(chat_span_id(tool.asked_by))
            rest = b'%b%b,"links":[{"traceId":%b,"spanId":%b}]' % (
                _ASKED_TRACE + asked_trace + _CLOSED,
                rest,
                asked_trace,
                asked_span,
            )
    return _TOOL_SPAN % (
        trace,
        span_id,
        parent,
        quote(f"execute_tool {tool.name}"),
        # A span needs times; a tool whose asking call is unknown is shown as a point at the call's start.
        tool.started_ns or run_started,
        tool.ended_ns or run_started,
        quote(tool.name),
        quote(tool.call_id),
        quote(tool.arguments),
        quote(tool.result),
        quote(tool.outcome),
        rest,
    )


def _attempt(attempt: Attempt, quote: _Quote, trace: bytes, span_id: bytes, parent: bytes) -> bytes:
    rest = b""
    if attempt.status is not None:
        rest += _ATTEMPT_STATUS % attempt.status
    if attempt.request_id is not None:
        rest += _ATTEMPT_REQUEST_ID + quote(attempt.request_id) + _CLOSED
    if attempt.error is not None:
        rest += _ERROR + quote(attempt.error) + _CLOSED
    return _ATTEMPT_SPAN % (
        trace,
        span_id,
        parent,
        b'"POST upstream"',
        attempt.started_ns,
        attempt.ended_ns,
        quote(attempt.provider),
        quote(attempt.model),
        rest + _end(attempt.error, quote),
    )


def _end(error: str | None, quote: _Quote) -> bytes:
    return b"]" if error is None else b"]" + _status(error, quote)


def _status(error: str | None, quote: _Quote) -> bytes:
    return b"" if error is None else b',"status":{"message":%b,"code":%d}' % (quote(error), ERROR)
