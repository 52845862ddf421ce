"""Whatever a client sends, it is answered: by the upstream, or with one clear error, and never with a 500."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from middleware.exchange import Exchange
from middleware.protocol import Handler, Settings
from middleware.reply import Reply
from middleware.services import Services
from tests.support.asgi import AsgiClient, Heard
from tests.support.oddities import near, written
from tests.support.proxy import AGENT, KEY, UPSTREAM_KEY, Proxy, asking, proxied
from tests.support.upstream import Answer, Upstream, document, raw
from tests.support.upstream.received import Received
from tests.support.wire import connected

ANSWER: Final = document({"id": "1", "model": "m", "choices": [{"message": {"content": "fine"}}]})
STREAM: Final = raw(
    b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"fine"}}]}\n\ndata: [DONE]\n\n',
    content_type="text/event-stream",
)


class LooksAtAll:
    """A step that reads every view of a request."""

    def __init__(self, settings: Settings, services: Services) -> None: ...

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        request = exchange.request
        repr((request.messages, request.tools, request.question, request.results, request.user, request.max_tokens))
        return await call_next(exchange)


WHOLE_CHAIN: Final[dict[str, Any]] = {
    "allow_bypass": True,
    "auxiliary": [{"system_contains": "title"}, {"max_tokens_at_most": 3}],
    "variants": {
        "base": {},
        "edited": {"instructions": {"append": ["Be brief."]}, "sampling": {"temperature": 0, "max_tokens": 9}},
    },
    "middleware": [
        {"variant_routing": {"policy": {"weighted": {"base": 1, "edited": 1}}, "sticky": "call", "on_error": "closed"}},
        {"tool_outcomes": {"on_error": "closed"}},
        {"looks_at_all": {"on_error": "closed"}},
    ],
}
MANY: Final = settings(deadline=None, max_examples=800, suppress_health_check=[HealthCheck.function_scoped_fixture])


def willing(request: Received) -> Answer:
    """Answers anything, in the way it is asked."""
    return STREAM if request.header("accept") == "text/event-stream" else ANSWER


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    """With every step turned on, before an upstream that takes everything."""
    async with Upstream() as upstream:
        upstream.always(willing)
        # As deep as the parser goes, so that its own limit is met as well.
        server = {"max_depth": 100_000, "max_body": "64KiB", "header_timeout": "1s", "body_timeout": "1s"}
        steps = {"looks_at_all": LooksAtAll}
        redact = {"redact": ["secret"]}
        async with proxied(
            upstream, tmp_path / "records", agent=WHOLE_CHAIN, steps=steps, server=server, telemetry=redact
        ) as proxy:
            yield proxy


@pytest.fixture
def client(proxy: Proxy) -> AsgiClient:
    return AsgiClient(proxy)


CONVERSATION: Final = asking(
    {"role": "system", "content": "Write a title."},
    {"role": "user", "content": [{"type": "text", "text": "What is it like?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "a secret"},
    {"role": "user", "content": "Say it."},
    stream=True,
    stream_options={"include_usage": True},
    tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    metadata={"user_id": "u"},
)
FIELDS: Final = (
    "model", "messages", "stream", "stream_options", "tools", "user", "safety_identifier", "metadata", "max_tokens",
    "max_completion_tokens", "temperature", "n", "role", "content", "tool_calls", "tool_call_id", "function",
)  # fmt: skip
REQUESTS: Final = written(near(CONVERSATION, FIELDS) | near(asking("hello"), FIELDS))
HEADERS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "x-burnish-session", "x-burnish-turn", "x-burnish-bypass", "traceparent", "tracestate", "session-id",
                "x-session-id", "thread-id", "openai-beta", "idempotency-key", "content-encoding", "accept",
                "connection", "authorization", "x-api-key", "upgrade", "x-http-method-override",
            ]
        ),
        st.sampled_from(
            [b"", b"aux", b"main", b"gzip", b"websocket", b"close", f"Bearer {KEY}".encode(), KEY.encode(), b"Bearer ",
             b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"variant_routing,tool_outcomes"]
        )
        | st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")).map(
            lambda text: text.strip().encode("latin-1")
        ),
    ),
    max_size=2,
)  # fmt: skip


def assert_clear(heard: Heard, *, refusals: tuple[int, ...] = ()) -> None:
    """An answer of the upstream, or one error in OpenAI's shape that keeps what is secret."""
    assert heard.ended
    assert heard.status < 500 or heard.status in refusals, heard
    assert UPSTREAM_KEY.encode() not in heard.body
    assert b"Traceback" not in heard.body
    if heard.is_stream:
        assert heard.events[-1] == b"[DONE]"
    elif heard.status >= 400:
        error = heard.json()["error"]
        assert set(error) == {"message", "type", "param", "code", "request_id"}
        assert error["message"]
        assert error["code"]
        assert error["request_id"] == heard.headers["x-request-id"]


@MANY
@given(REQUESTS, HEADERS)
@example(b"", [])
@example(b"\xef\xbb\xbf{}", [])
@example(json.dumps(asking()).encode("utf-16"), [])
async def test_any_call_is_answered(client: AsgiClient, proxy: Proxy, body: bytes, headers: list[Any]) -> None:
    before = proxy.worker.recorded
    heard = await client.ask(body, headers=headers)
    assert_clear(heard)
    assert heard.status != 200 or proxy.worker.recorded == before + 1
    assert proxy.metric("burnish_unrecorded_total") == 0


@pytest.mark.parametrize(
    "around",
    [
        b'{"model":"small","messages":[{"role":"system","content":%b}]}',
        b'{"model":"small","messages":[{"role":"assistant","content":"","tool_calls":%b},{"role":"tool","content":%b}]}',
        b'{"model":"small","messages":[],"tools":[{"function":{"name":"f","parameters":%b}}]}',
        b'{"model":"small","messages":[],"metadata":{"user_id":%b},"stream":true}',
        b'{"model":"small","messages":[],"stream_options":{"x":%b},"stream":true}',
        b'{"model":"small","messages":[],"x":%b}',
    ],
)
async def test_at_no_depth_is_a_call_read_and_then_not_served(client: AsgiClient, around: bytes) -> None:
    answered = set()
    for depth in range(600, 1000, 4):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            heard = await client.ask(around.replace(b"%b", opening * depth + b"1" + closing * depth))
            assert_clear(heard)
            answered.add(heard.status)
    assert answered == {200, 400}, heard.body


SEGMENTS: Final = st.sampled_from(
    [
        "v1",
        "chat",
        "completions",
        "models",
        "agents",
        AGENT,
        "small",
        "files",
        "healthz",
        "metrics",
        "",
        ".",
        "..",
        "%2e%2e",
    ]
) | st.text(max_size=5).map(quote)
TARGETS: Final = st.builds(
    lambda segments, query: "/" + "/".join(segments) + query,
    st.lists(SEGMENTS, max_size=6),
    st.just("") | st.text(max_size=5).map(lambda text: "?" + quote(text)),
)
METHODS: Final = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"])


@MANY
@given(TARGETS, METHODS, HEADERS, st.binary(max_size=40))
async def test_any_route_is_answered(
    client: AsgiClient, target: str, method: str, headers: list[Any], body: bytes
) -> None:
    length = [("content-length", str(len(body)).encode())] if body else []
    heard = await client.ask(body, method=method, target=target, headers=[*headers, *length])
    if method == "HEAD":
        assert heard.status < 500
    else:
        assert_clear(heard, refusals=(501,))


SPOILT: Final = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 4),
        st.sampled_from([b"", b"\r\n", b"\n", b"\0", b" ", b":", b"9", b"-", b"%", b"/", b"HTTP/1.1", b"Host: y\r\n"])
        | st.binary(max_size=3),
    ),
    max_size=3,
)


@settings(MANY, max_examples=40)
@given(SPOILT, st.sampled_from(["Content-Length: %d", "Transfer-Encoding: chunked"]))
@example([(0, 400, b"\x16\x03\x01 hello")], "Content-Length: %d")
async def test_any_bytes_on_a_connection_are_answered(proxy: Proxy, spoilt: list[Any], framing: str) -> None:
    body = json.dumps(asking()).encode()
    if framing.startswith("T"):
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    sent = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        f"{framing.replace('%d', str(len(body)))}\r\nX-Burnish-Session: s\r\n\r\n"
    ).encode() + body
    for start, taken, put in spoilt:
        sent = sent[:start] + put + sent[start + taken :]
    async with connected(proxy.port) as wire, asyncio.timeout(10):
        wire.send(sent)
        status, headers = await wire.head()
        answer = await wire.body(headers)
    assert status < 500
    assert status < 400 or json.loads(answer)["error"]["code"]
    assert (await proxy.get("/healthz")).status == 200
