"""Routes that Burnish does not read: to the default provider and back as they are, but for what may not pass."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from proxy.errors import ApiError, UpstreamBroke
from proxy.upstreams.http import Upload
from proxy.upstreams.passthrough import Answer, Passthrough, Request
from records import Attempt
from tests.proxy.upstreams.behind import Behind
from tests.support.upstream import (
    CUT,
    Gate,
    Upstream,
    document,
    error,
    gzipped,
    hangs_up,
    never,
    raw,
    redirect,
    says,
    with_headers,
)

FILES = "/v1/files"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class Forwarding:
    """Sends requests through, and keeps the attempts."""

    def __init__(self, behind: Behind, **sections: Any) -> None:
        self.passthrough = Passthrough(behind.config(**sections), "test", behind.pool)
        self.attempts: list[Attempt] = []

    async def open(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: AsyncIterator[bytes] | None = None,
        length: int | None = None,
    ) -> Answer:
        request = Request(method, path, query, headers or {}, body, length)
        return await self.passthrough(request, trace_id="f" * 32, run_id="0" * 31 + "1", record=self.attempts.append)

    async def read(self, method: str, path: str, **more: Any) -> tuple[int, Mapping[str, str], bytes]:
        answer = await self.open(method, path, **more)
        try:
            return answer.status, answer.headers, b"".join([piece async for piece in answer])
        finally:
            await answer.aclose()


@pytest.fixture
def forwarding(behind: Behind) -> Forwarding:
    return Forwarding(behind)


async def test_method_path_query_and_body_go_up_as_they_came(forwarding: Forwarding, upstream: Upstream) -> None:
    await forwarding.read(
        "PATCH", "batches/b%20c", query="after=x%2By&limit=2", body=pieces(b'{"a": ', b"1}"), length=8
    )
    (received,) = upstream.requests
    assert (received.method, received.target) == ("PATCH", "/v1/batches/b%20c?after=x%2By&limit=2")
    assert received.body == b'{"a": 1}'
    assert received.header("content-length") == "8"
    assert received.header("transfer-encoding") is None


async def test_a_body_of_unknown_length_goes_up_in_chunks(forwarding: Forwarding, upstream: Upstream) -> None:
    await forwarding.read("POST", "audio/speech", body=pieces(b"ab", b"cd"))
    assert upstream.requests[0].body == b"abcd"
    assert upstream.requests[0].header("transfer-encoding") == "chunked"


async def test_a_multipart_body_is_not_touched(forwarding: Forwarding, upstream: Upstream) -> None:
    body = b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n\x00\xff\r\n--B--\r\n'
    kind = "multipart/form-data; boundary=B"
    await forwarding.read("POST", "files", headers={"content-type": kind}, body=pieces(body), length=len(body))
    assert upstream.requests[0].body == body
    assert upstream.requests[0].header("content-type") == kind


async def test_a_body_streams_up_while_it_is_still_coming(forwarding: Forwarding, upstream: Upstream) -> None:
    gate = Gate()
    connected = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"first"
        connected.set()
        await gate.wait()
        yield b"second"

    call = asyncio.ensure_future(forwarding.read("POST", "files", body=slow()))
    await connected.wait()
    assert upstream.connections == 1
    gate.open()
    await call
    assert upstream.requests[0].body == b"firstsecond"


async def test_without_a_body_none_is_sent(forwarding: Forwarding, upstream: Upstream) -> None:
    status, _, _ = await forwarding.read("GET", "files")
    assert status == 200
    assert upstream.requests[0].body == b""
    assert upstream.requests[0].header("content-length") is None


async def test_credentials_are_exchanged_and_connection_headers_stay_behind(behind: Behind, upstream: Upstream) -> None:
    forwarding = Forwarding(behind, provider={"api_key": "sk-provider-key"})
    headers = {
        "authorization": "Bearer bk-client",
        "cookie": "a=b",
        "host": "evil.example",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "accept-encoding": "br",
        "x-forwarded-for": "10.0.0.1",
        "openai-beta": "assistants=v2",
        "range": "bytes=0-9",
    }
    await forwarding.read("GET", "files", headers=headers)
    (received,) = upstream.requests
    assert received.header("authorization") == "Bearer sk-provider-key"
    assert received.header("openai-beta") == "assistants=v2"
    assert received.header("range") == "bytes=0-9"
    assert received.header("accept-encoding") == "identity"
    assert received.header("traceparent") == f"00-{'f' * 32}-0000000000000003-01"
    for name in ("cookie", "x-hop", "x-forwarded-for", "connection"):
        assert received.header(name) is None


async def test_the_answer_comes_back_byte_equal_with_what_describes_it(
    forwarding: Forwarding, upstream: Upstream
) -> None:
    body = bytes(range(256)) * 4
    answer = with_headers(
        raw(body, content_type="application/x-ndjson"),
        ("content-disposition", "attachment; filename=a.jsonl"),
        ("set-cookie", "a=b"),
        ("server", "nginx"),
        ("location", "http://inside.example/"),
    )
    upstream.reply(answer, to="/v1/files/f/content")
    status, headers, got = await forwarding.read("GET", "files/f/content")
    assert (status, got) == (200, body)
    assert headers == {
        "content-type": "application/x-ndjson",
        "content-length": "1024",
        "content-disposition": "attachment; filename=a.jsonl",
    }


async def test_a_packed_answer_is_unpacked_and_its_length_not_claimed(
    forwarding: Forwarding, upstream: Upstream
) -> None:
    upstream.reply(gzipped(document({"data": "x" * 1_000})), to=FILES)
    _, headers, body = await forwarding.read("GET", "files")
    assert json.loads(body) == {"data": "x" * 1_000}
    assert "content-encoding" not in headers
    assert "content-length" not in headers


async def test_a_stream_comes_back_as_it_is_sent(forwarding: Forwarding, upstream: Upstream) -> None:
    gate = Gate()
    upstream.reply(says("a", gate, "b"), to="/v1/chat/completions")
    body = pieces(b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": true}')
    answer = await forwarding.open("POST", "chat/completions", body=body)
    got = aiter(answer)
    first = b""
    while b'"a"' not in first:
        first += await anext(got)
    assert not gate.is_open
    gate.open()
    assert b"".join([piece async for piece in got]).endswith(b"data: [DONE]\n\n")
    assert [attempt.error for attempt in forwarding.attempts] == [None]


@pytest.mark.parametrize("status", [400, 404, 429, 500])
async def test_an_error_comes_back_with_its_status_and_document(
    forwarding: Forwarding, upstream: Upstream, status: int
) -> None:
    upstream.reply(error(status, "No such file.", retry_after=3), to=FILES)
    got, headers, body = await forwarding.read("GET", "files")
    assert (got, headers["retry-after"]) == (status, "3")
    assert json.loads(body)["error"]["message"] == "No such file."
    assert [attempt.status for attempt in forwarding.attempts] == [status]
    assert len(upstream.requests) == 1


async def test_an_error_does_not_tell_the_key_or_the_address(behind: Behind, upstream: Upstream) -> None:
    forwarding = Forwarding(behind, provider={"api_key": "sk-provider-key"})
    upstream.reply(error(401, f"sk-provider-key is no key of {upstream.url}/v1"), to=FILES)
    _, headers, body = await forwarding.read("GET", "files")
    assert json.loads(body)["error"]["message"] == "*** is no key of ***"
    assert "content-length" not in headers


async def test_a_redirect_is_not_followed(forwarding: Forwarding, upstream: Upstream) -> None:
    upstream.reply(redirect("http://127.0.0.1:9/"), to=FILES)
    with pytest.raises(ApiError, match="redirect") as raised:
        await forwarding.read("GET", "files")
    assert raised.value.status == 502


async def test_no_path_leads_out_of_the_providers_api(forwarding: Forwarding, upstream: Upstream) -> None:
    for path in (
        "../admin",
        "files/../../admin",
        "%2e%2e/admin",
        "files/%2E%2E%2Fadmin",
        "a\\..\\b",
        "files/a\r\nx: y",
    ):
        with pytest.raises(ApiError) as raised:
            await forwarding.read("GET", path)
        assert raised.value.status == 404
    assert not upstream.requests


async def test_a_provider_behind_litellm_has_no_such_routes(behind: Behind) -> None:
    forwarding = Forwarding(
        behind,
        providers={"claude": {"litellm": "anthropic", "api_key": "k"}},
        models={"haiku": {"provider": "claude", "model": "claude-haiku"}},
        agent={"models": {"default": "haiku"}},
    )
    with pytest.raises(ApiError, match="'claude' serves chat completions only") as raised:
        await forwarding.read("GET", "files")
    assert raised.value.status == 404


async def test_nothing_is_tried_twice(forwarding: Forwarding, upstream: Upstream) -> None:
    upstream.reply(hangs_up(), to=FILES)
    with pytest.raises(ApiError) as raised:
        await forwarding.read("POST", "files", body=pieces(b"x"))
    assert (raised.value.status, raised.value.code) == (502, "upstream_disconnected")
    assert len(upstream.requests) == 1


async def test_silence_ends_in_504(behind: Behind, upstream: Upstream) -> None:
    forwarding = Forwarding(behind, provider={"timeout": {"first_byte": "50ms"}})
    upstream.reply(never(), to=FILES)
    with pytest.raises(ApiError) as raised:
        await forwarding.read("GET", "files")
    assert raised.value.status == 504


async def test_an_answer_that_is_cut_says_so(forwarding: Forwarding, upstream: Upstream) -> None:
    upstream.reply(says("a", CUT), to="/v1/chat/completions")
    body = pieces(b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": true}')
    with pytest.raises(UpstreamBroke):
        await forwarding.read("POST", "chat/completions", body=body)
    assert forwarding.attempts[0].error == "the upstream cut the connection"


async def test_closing_the_answer_closes_the_upstream_at_once(forwarding: Forwarding, upstream: Upstream) -> None:
    upstream.reply(says(Gate()), to="/v1/chat/completions")
    body = pieces(b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": true}')
    answer = await forwarding.open("POST", "chat/completions", body=body)
    since = time.monotonic()
    await answer.aclose()
    left = upstream.requests[0].left
    await left.wait()
    assert left.opened_at is not None
    assert left.opened_at - since < 1.0
    assert forwarding.attempts[0].error == "cancelled by the client"


async def test_a_client_that_breaks_off_its_upload_is_not_the_providers_fault(
    behind: Behind, upstream: Upstream
) -> None:
    class Gone(Exception):
        """What the edge raises when its client leaves."""

    async def breaking() -> AsyncIterator[bytes]:
        yield b"half"
        raise Gone

    forwarding = Forwarding(behind, provider={"breaker": {"failures": 1}})
    with pytest.raises(Gone):
        await forwarding.read("POST", "files", body=breaking(), length=8)
    assert forwarding.attempts[0].error == "cancelled by the client"
    assert (await forwarding.read("GET", "files"))[0] == 200


async def test_while_a_client_uploads_nobody_waits_for_the_provider() -> None:
    progress = []
    upload = Upload(pieces(b"a", b"b", b"c"))
    upload.progress = lambda: progress.append(len(progress))
    assert [piece async for piece in upload] == [b"a", b"b", b"c"]
    assert len(progress) == 3


async def test_a_resting_provider_is_not_called(behind: Behind, upstream: Upstream) -> None:
    forwarding = Forwarding(behind, provider={"breaker": {"failures": 1}})
    upstream.reply(error(500), to=FILES)
    await forwarding.read("GET", "files")
    with pytest.raises(ApiError) as raised:
        await forwarding.read("GET", "files")
    assert (raised.value.status, raised.value.headers) == (503, {"retry-after": "10"})
