"""Whatever an upstream answers, a client gets that answer or one clear error, and a stream that began is ended."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.asgi import AsgiClient, Heard
from tests.support.oddities import near, written
from tests.support.proxy import UPSTREAM_KEY, Proxy, asking, proxied
from tests.support.upstream import CUT, RESET, Answer, Upstream

MANY: Final = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
USAGE: Final = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
CALL: Final = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
COMPLETION: Final[dict[str, Any]] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hello", "tool_calls": [CALL]},
            "logprobs": {"content": [{"token": "hello", "logprob": -0.5}]},
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}
CHUNK: Final[dict[str, Any]] = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "hello", "tool_calls": [CALL]}, "finish_reason": None}],
    "usage": None,
}
ERROR: Final[dict[str, Any]] = {"error": {"message": "no", "type": "t", "param": None, "code": "c", "detail": ["d"]}}
NAMES: Final = (
    "choices",
    "message",
    "delta",
    "content",
    "tool_calls",
    "index",
    "usage",
    "error",
    "finish_reason",
    "id",
)
ODD: Final = (
    near(COMPLETION, NAMES) | near(COMPLETION, NAMES) | near(ERROR, NAMES) | near({**CHUNK, "usage": USAGE}, NAMES)
)
DOCUMENTS: Final = written(ODD, intact=True) | written(ODD)
STATUSES: Final = (
    st.just(200)
    | st.just(200)
    | st.sampled_from(
        [201, 206, 299, 300, 307, 400, 401, 403, 404, 409, 413, 422, 429, 451, 501, 502, 503, 529, 599, 600, 999]
    )
)
TYPES: Final = st.sampled_from(
    ["application/json", "application/json; charset=latin-1", "text/event-stream", "text/html", "", "json;;=", "a/b"]
)
HEADERS: Final = st.lists(
    st.tuples(
        st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry", "x-ratelimit-remaining", "request-id"]),
        st.sampled_from(["", "0", "-1", "1e999", "nan", "9" * 400, "true"])
        | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8),
    ),
    max_size=2,
)
MORE_THAN_ANY: Final = 2**60
"""Tokens a minute: what an odd answer claims to have cost, up to 2^41, must not shut out the calls after it."""
ENDS: Final = st.sampled_from([(), (), (), (), (CUT,), (RESET,)])


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def proxy(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Proxy]:
    local = {"base_url": upstream.base_url, "api_key": UPSTREAM_KEY, "breaker": {"failures": 1_000_000}}
    price = {"input": 1, "output": 2}
    async with proxied(
        upstream,
        tmp_path / "records",
        providers={"local": local},
        models={"small": {"provider": "local", "model": "m", "retries": {"max": 0}, "price": price}},
        agent={"middleware": ["variant_routing", "tool_outcomes"], "limits": {"tpm": MORE_THAN_ANY}},
        telemetry={"redact": ["hello"]},
    ) as proxy:
        yield proxy


async def ask(proxy: Proxy, upstream: Upstream, answer: Answer, *, stream: bool) -> Heard:
    """What a client hears when the upstream answers so, once it was looked at and found recorded."""
    upstream.reply(answer)
    before = proxy.worker.recorded
    heard = await AsgiClient(proxy).ask(json.dumps(asking("hello", stream=stream)).encode())
    assert heard.ended
    assert heard.status != 500
    assert UPSTREAM_KEY.encode() not in heard.body
    if heard.is_stream:
        last = heard.events[-1]
        assert last == b"[DONE]" or "error" in json.loads(last)
    elif heard.status >= 400:
        error = heard.json()["error"]
        assert {"message", "type", "param", "code"} <= set(error)
        assert error["message"]
    assert proxy.worker.recorded == before + 1
    assert proxy.metric("burnish_unrecorded_total") == 0
    return heard


@MANY
@given(STATUSES, TYPES, HEADERS, DOCUMENTS | st.binary(max_size=30), ENDS, st.booleans())
async def test_any_document_is_an_answer_or_an_error(
    upstream: Upstream, proxy: Proxy, status: int, kind: str, headers: Any, body: bytes, end: Any, stream: bool
) -> None:
    answer = Answer(status, (("content-type", kind), *headers), (body, *end) if body else end, streamed=bool(end))
    heard = await ask(proxy, upstream, answer, stream=stream)
    if status >= 400:
        assert heard.status == (status if status < 600 else 502)


LINES: Final = st.sampled_from([b"\n\n"] * 6 + [b"\r\n\r\n", b"\r\r", b"\n", b""])
FIELDS: Final = st.sampled_from([b"data: "] * 9 + [b"data:", b"event: x\ndata: ", b": ", b"", b"\xef\xbb\xbfdata: "])
CHUNKS: Final = near(CHUNK, NAMES) | near({**CHUNK, "choices": [], "usage": USAGE}, NAMES) | near(ERROR, NAMES)
EVENTS: Final = st.builds(
    lambda field, data, end: field + data + end,
    FIELDS,
    written(CHUNKS, intact=True)
    | written(CHUNKS, intact=True)
    | written(CHUNKS)
    | st.just(b"[DONE]")
    | st.binary(max_size=9),
    LINES,
)
GOOD: Final = b"data: " + json.dumps(CHUNK).encode() + b"\n\n"


@MANY
@given(st.lists(EVENTS | st.just(GOOD), max_size=5), st.booleans(), ENDS, st.integers(1, 400), st.booleans())
@example([b"data: [" + b"[" * 2000 + b"\n\n"], True, (), 400, True)
async def test_any_stream_is_passed_on_and_ended(
    upstream: Upstream, proxy: Proxy, events: Sequence[bytes], done: bool, end: Any, size: int, stream: bool
) -> None:
    body = b"".join(events) + (b"data: [DONE]\n\n" if done else b"")
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    answer = Answer(headers=(("content-type", "text/event-stream"),), steps=(*pieces, *end), streamed=True)
    heard = await ask(proxy, upstream, answer, stream=stream)
    assert heard.is_stream or not stream or heard.status >= 400
