"""A run as one line of the journal: a trace of a single span, which carries the whole run.

Every call waits for its line, and every line is read back: this takes a third of the time that writing and reading a
span for each part does. Those (`records.tree`) are made from the run afterwards. A line is OTLP JSON all the same:
whatever reads such files, a Collector or `burnish import`, understands it.
"""

import json
from collections.abc import Mapping
from typing import Final

import msgspec
from orjson import dumps

from records import attributes as a
from records.attributes import SCHEMA_URL
from records.otlp import SCOPE
from records.run import JsonValue, Run
from records.span import SERVER
from records.trace import server_span_id
from records.values import key_values

_encode: Final = msgspec.json.Encoder().encode


def _text(key: str) -> bytes:
    """How an attribute that holds text begins; the text and two braces follow."""
    return b',{"key":%b,"value":{"stringValue":' % dumps(key)


_SPAN: Final = (
    b'{"traceId":%%b,"spanId":"%%b","parentSpanId":%%b,"kind":%d,"name":%%b,"startTimeUnixNano":"%%d",'
    b'"endTimeUnixNano":"%%d","attributes":[{"key":%b,"value":{"stringValue":"run"}}%b%%b}}%%b%b%%b}}%%b]%%b}'
    % (SERVER, dumps(a.KIND), _text(a.RUN_ID), _text(a.RUN))
)
_USER: Final = _text(a.USER_ID)
_REQUEST: Final = _text(a.REQUEST_BODY)
_SENT: Final = _text(a.SENT_BODY)
_ANSWER: Final = _text(a.ANSWER_BODY)


class LineWriter:
    """`writer(run)` is the run's line, newline included, under the resource that served it.

    Numbers that are not finite become null in facts, as JSON has no word for them.
    """

    def __init__(self, resource: Mapping[str, JsonValue]) -> None:
        scope, schema = dumps({"name": SCOPE}), dumps(SCHEMA_URL)
        self._head = (
            b'{"resourceSpans":[{"resource":{"attributes":%b},"scopeSpans":[{"scope":%b,"schemaUrl":%b,"spans":['
            % (dumps(key_values(resource)), scope, schema)
        )
        self._tail = b']}],"schemaUrl":%b}]}\n' % schema

    def __call__(self, run: Run) -> bytes:
        """Raises `TypeError` for a fact that is not JSON."""
        try:
            return self._line(run)
        except (TypeError, UnicodeEncodeError):
            # Half a surrogate pair is not text, and is replaced.
            return self._line(_cleaned(run))

    def _line(self, run: Run) -> bytes:
        bodies = ((_REQUEST, run.request), (_SENT, run.sent), (_ANSWER, run.answer))
        rest = b"".join([begin + dumps(text) + b"}}" for begin, text in bodies if text is not None])
        bare = _encode(msgspec.structs.replace(run, request=None, sent=None, answer=None))
        span = _SPAN % (
            dumps(run.trace_id),
            server_span_id(run.id).encode(),
            dumps(run.parent_span_id or ""),
            dumps(run.route),
            run.started_ns,
            run.ended_ns,
            dumps(run.id),
            # Whose run it is comes early, so that even the beginning of a line tells what to erase.
            b"" if run.user is None else _USER + dumps(run.user) + b"}}",
            dumps(bare.decode()),
            rest,
            b"" if run.error is None else b',"status":{"code":2,"message":%b}' % dumps(run.error),
        )
        return self._head + span + self._tail


def _cleaned(run: Run) -> Run:
    text = json.dumps(msgspec.to_builtins(run), ensure_ascii=False).encode(errors="replace")
    return msgspec.json.decode(text, type=Run)
