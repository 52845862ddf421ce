"""What is no HTTP, or tries to pass for something else, gets one clear error; what came before it is answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.proxy import CHAT, KEY, Proxy, asking, proxied
from tests.support.refusals import error_in
from tests.support.upstream import Gate, Upstream, held, says
from tests.support.wire import Wire, connected

BODY: Final = json.dumps(asking()).encode()
CHUNKED: Final = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
LENGTH: Final = f"Content-Length: {len(BODY)}"
CHUNKS: Final = "Transfer-Encoding: chunked"
LINE: Final = f"POST /v1/{CHAT} HTTP/1.1"


def request(*lines: str, line: str = LINE, body: bytes = BODY) -> bytes:
    """A call with a key, whose framing is left to the `lines`."""
    head = "\r\n".join([line, "Host: proxy", f"Authorization: Bearer {KEY}", *lines])
    return f"{head}\r\n\r\n".encode("latin-1") + body


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def proxy(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Proxy]:
    async with proxied(upstream, tmp_path / "records") as proxy:
        yield proxy


@pytest.fixture
async def hasty(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Proxy]:
    """A proxy that waits only a moment for a request to arrive."""
    server = {"header_timeout": "500ms", "body_timeout": "500ms"}
    async with proxied(upstream, tmp_path / "records", server=server) as proxy:
        yield proxy


async def assert_last_word(wire: Wire, status: int, code: str, says: str) -> None:
    """One clear error, after which the connection ends."""
    answered, headers = await wire.head()
    error = error_in(dict(headers), await wire.body(headers))
    assert (answered, error["code"]) == (status, code)
    assert says in error["message"]
    assert dict(headers)["connection"] == "close"
    assert await wire.rest() == b""


NOT_HTTP: Final = {
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "Invalid method"),
    "words": (b"hello\r\n\r\n", "Invalid method"),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI"),
    "a version that does not exist": (request(LENGTH, line=f"POST /v1/{CHAT} HTTP/1.2"), "Invalid HTTP version"),
    "a method in small letters": (request(LENGTH, line=f"post /v1/{CHAT} HTTP/1.1"), "Invalid method"),
    "a method that nobody knows": (request(LENGTH, line=f"FROB /v1/{CHAT} HTTP/1.1"), "Invalid method"),
    "a space in the path": (request(LENGTH, line="POST /v1/a b HTTP/1.1"), "Expected HTTP/"),
    "a path in no ASCII": (request(LENGTH, line="POST /v1/caf\u00e9 HTTP/1.1"), "percent-encode it"),
    "a target without a path": (request(LENGTH, line="POST http://elsewhere HTTP/1.1"), "target cannot be read"),
    "lines that end in LF": (request(LENGTH).replace(b"\r\n", b"\n"), "Expected CRLF"),
    "CR in a header": (request(LENGTH, "X-A: a\rX-B: b"), "Missing expected LF"),
    "LF in a header": (request(LENGTH, "X-A: a\nX-B: b"), "Missing expected CR"),
    "NUL in a header": (request(LENGTH, "X-A: a\0b"), "Invalid header value char"),
    "a control character in a header": (request(LENGTH, "X-Burnish-Session: a\x01b"), "Invalid header value char"),
    "NUL in a header's name": (request(LENGTH, "X-\0A: b"), "Invalid header token"),
    "a header without a name": (request(LENGTH, ": b"), "Invalid header token"),
    "a header without a colon": (request(LENGTH, "X-A"), "Invalid header token"),
    "a space in a header's name": (request(LENGTH, "X A: b"), "Invalid header token"),
    "a header folded over two lines": (request(LENGTH, "X-A: a", " b"), "Unexpected whitespace"),
    "both framings": (request(LENGTH, CHUNKS, body=CHUNKED), "can't be present with"),
    "both framings, the other way round": (request(CHUNKS, LENGTH, body=CHUNKED), "can't be present with"),
    "two lengths": (request(LENGTH, "Content-Length: 5"), "Duplicate Content-Length"),
    "the same length twice": (request(LENGTH, LENGTH), "Duplicate Content-Length"),
    "a list of lengths": (request("Content-Length: 5, 5"), "Invalid character in Content-Length"),
    "a negative length": (request("Content-Length: -1"), "Invalid character in Content-Length"),
    "a length with a sign": (request("Content-Length: +5"), "Invalid character in Content-Length"),
    "a hexadecimal length": (request("Content-Length: 0x5"), "Invalid character in Content-Length"),
    "a length of a thousand digits": (request(f"Content-Length: {'9' * 1000}"), "Content-Length overflow"),
    "a length folded over two lines": (request("Content-Length:", " 5"), "Invalid header value char"),
    "an encoding that nobody knows": (request("Transfer-Encoding: xchunked"), "invalid `Transfer-Encoding`"),
    "an encoding hidden by a space": (request("Transfer-Encoding : chunked", body=CHUNKED), "Invalid header field"),
    "chunks that are not the last encoding": (request("Transfer-Encoding: chunked, identity"), "Transfer-Encoding"),
    "chunks declared twice": (request(CHUNKS, CHUNKS, body=CHUNKED), "Transfer-Encoding"),
    "a chunk without a size": (request(CHUNKS, body=b"zz\r\nabc\r\n"), "Invalid character in chunk size"),
    "a chunk of negative size": (request(CHUNKS, body=b"-5\r\nabc\r\n"), "Invalid character in chunk size"),
    "a chunk larger than memory": (request(CHUNKS, body=b"f" * 17 + b"\r\nabc"), "Chunk size overflow"),
    "a chunk longer than its size": (request(CHUNKS, body=b"3\r\nabcdef\r\n0\r\n\r\n"), "after chunk data"),
}


@pytest.mark.parametrize(("sent", "says"), NOT_HTTP.values(), ids=NOT_HTTP)
async def test_what_is_not_http_is_told_why(upstream: Upstream, proxy: Proxy, sent: bytes, says: str) -> None:
    async with connected(proxy.port) as wire:
        wire.send(sent)
        await assert_last_word(wire, 400, "invalid_http", says)
    assert upstream.requests == []
    assert (await proxy.chat()).status == 200


TOO_LARGE: Final = {
    "a header of a megabyte": (request(LENGTH, "X-A: " + "a" * 2**20), 431, "head_too_large", "64 KiB"),
    "a header that does not end": (request(LENGTH, "X-A: " + "a" * 2**20)[: 2**18], 431, "head_too_large", "64 KiB"),
    "ten thousand headers": (request(LENGTH, *(f"X-{n}: b" for n in range(10_000))), 431, "head_too_large", "64 KiB"),
    "a path of 10 kB": (request(LENGTH, line=f"POST /v1/{'a' * 10_000} HTTP/1.1"), 414, "target_too_long", "8 KiB"),
    "a query of 10 kB": (request(LENGTH, line=f"POST /v1/x?{'a' * 10_000} HTTP/1.1"), 414, "target_too_long", "8 KiB"),
    "empty lines without an end": (b"\r\n" * 2**17, 431, "head_too_large", "64 KiB"),
}


@pytest.mark.parametrize(("sent", "status", "code", "says"), TOO_LARGE.values(), ids=TOO_LARGE)
async def test_a_head_that_is_too_large_is_refused(
    upstream: Upstream, proxy: Proxy, sent: bytes, status: int, code: str, says: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.send(sent)
        await assert_last_word(wire, status, code, says)
    assert upstream.requests == []
    assert (await proxy.chat()).status == 200


async def test_a_large_head_within_the_bounds_is_read_however_it_arrives(proxy: Proxy) -> None:
    sent = request(LENGTH, *(f"X-{n}: {'b' * 1000}" for n in range(60)))
    for size in (len(sent), 5000):
        async with connected(proxy.port) as wire:
            for start in range(0, len(sent), size):
                wire.send(sent[start : start + size])
                await asyncio.sleep(0)
            assert (await wire.head())[0] == 200


async def test_connect_is_not_served(upstream: Upstream, proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        wire.send(request(line="CONNECT elsewhere:443 HTTP/1.1", body=b""))
        await assert_last_word(wire, 501, "not_implemented", "CONNECT is not served here")


SLOW: Final = {
    "a request line": (f"POST /v1/{CHAT}".encode(), "the request's head did not arrive within 0.5 s"),
    "HTTP/0.9": (b"GET /\r\n", "the request's head did not arrive within 0.5 s"),
    "headers": (request(LENGTH)[:80], "the request's head did not arrive within 0.5 s"),
    "a body": (request(LENGTH)[:-1], "the request's body did not arrive within 0.5 s"),
    "chunks": (request(CHUNKS, body=CHUNKED[:-5]), "the request's body did not arrive within 0.5 s"),
    "no chunk": (request(CHUNKS, body=b""), "the request's body did not arrive within 0.5 s"),
}


@pytest.mark.parametrize(("sent", "says"), SLOW.values(), ids=SLOW)
async def test_what_does_not_arrive_in_time_is_refused(
    upstream: Upstream, hasty: Proxy, sent: bytes, says: str
) -> None:
    async with connected(hasty.port) as wire:
        wire.send(sent)
        await assert_last_word(wire, 408, "request_timeout", says)
    assert upstream.requests == []
    assert (await hasty.chat()).status == 200


async def test_a_slow_upload_to_a_route_that_passes_through_is_refused_too(hasty: Proxy) -> None:
    async with connected(hasty.port) as wire:
        wire.send(request(LENGTH, line="POST /v1/files HTTP/1.1")[:-1])
        await assert_last_word(wire, 408, "request_timeout", "the request's body did not arrive within 0.5 s")


async def test_a_connection_on_which_nothing_is_said_is_closed(hasty: Proxy) -> None:
    async with connected(hasty.port) as wire:
        assert await wire.rest() == b""


async def test_each_of_several_calls_sent_at_once_is_answered_in_order(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("one"), says("two"), says("three"))
    async with connected(proxy.port) as wire:
        wire.send(request(LENGTH) + request(CHUNKS, body=CHUNKED) + request(LENGTH))
        for expected in ("one", "two", "three"):
            status, headers = await wire.head()
            document = json.loads(await wire.body(headers))
            assert (status, document["choices"][0]["message"]["content"]) == (200, expected)


@pytest.mark.parametrize("after", [b"garbage\r\n\r\n", b"\0\0\0", b"POST /", request(LENGTH, LENGTH)], ids=repr)
async def test_a_call_is_answered_whatever_follows_it(upstream: Upstream, proxy: Proxy, after: bytes) -> None:
    gate = Gate()
    upstream.reply(held(says("fine"), gate))
    async with connected(proxy.port) as wire:
        wire.send(request(LENGTH) + after)
        await upstream.received()
        gate.open()
        status, headers = await wire.head()
        assert json.loads(await wire.body(headers))["choices"][0]["message"]["content"] == "fine"
    assert status == 200


async def test_a_stream_is_not_cut_by_garbage_that_follows_its_call(upstream: Upstream, proxy: Proxy) -> None:
    gate = Gate()
    upstream.reply(says("one", gate, "two"))
    body = json.dumps(asking(stream=True)).encode()
    async with connected(proxy.port) as wire:
        wire.send(request(f"Content-Length: {len(body)}", body=body))
        await wire.head()
        wire.send(b"garbage\r\n\r\n")
        gate.open()
        assert (await wire.frames())[-1] == b"data: [DONE]\n\n"
        assert await wire.rest() == b""


async def test_an_early_error_is_not_followed_by_another_for_the_same_request(proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        wire.send(request(CHUNKS, body=b"").replace(KEY.encode(), b"bn-unknown"))
        status, headers = await wire.head()
        assert (status, error_in(dict(headers), await wire.body(headers))["code"]) == (401, "invalid_api_key")
        wire.send(b"zz\r\n")
        assert await wire.rest() == b""


async def test_headers_that_come_after_the_body_are_none(upstream: Upstream, proxy: Proxy) -> None:
    trailers = b"Authorization: Bearer bn-other\r\nX-Burnish-Session: forged\r\n\r\n"
    async with connected(proxy.port) as wire:
        wire.send(request(CHUNKS, "Trailer: Authorization", body=CHUNKED[:-2] + trailers))
        assert (await wire.head())[0] == 200
    (run,) = await proxy.recorded()
    assert run.session_source == "derived"


PASSED: Final = {
    "an absolute target": request(LENGTH, line=f"POST http://elsewhere.example:1/v1/{CHAT} HTTP/1.1"),
    "a fragment": request(LENGTH, line=f"POST /v1/{CHAT}#top HTTP/1.1"),
    "slashes doubled": request(LENGTH, line=f"POST //v1//{CHAT} HTTP/1.1"),
    "HTTP/1.0": request(LENGTH, line=f"POST /v1/{CHAT} HTTP/1.0"),
    "empty lines before it": b"\r\n\r\n" + request(LENGTH),
    "chunks with extensions": request(CHUNKS, body=CHUNKED.replace(b"\r\n", b';a="b"\r\n', 1)),
    "hop-by-hop headers": request(LENGTH, "Connection: close, openai-beta", "OpenAI-Beta: x", "Keep-Alive: 1", "TE: x"),
    "an offer of HTTP/2": request(LENGTH, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"),
    "two hosts": request(LENGTH, "Host: elsewhere.example"),
}


@pytest.mark.parametrize("sent", PASSED.values(), ids=PASSED)
async def test_what_http_allows_is_served_and_goes_nowhere_else(upstream: Upstream, proxy: Proxy, sent: bytes) -> None:
    async with connected(proxy.port) as wire:
        wire.send(sent)
        assert (await wire.head())[0] == 200
    (asked,) = upstream.requests
    assert (asked.target, asked.header("host")) == (f"/v1/{CHAT}", f"127.0.0.1:{upstream.port}")
    assert json.loads(asked.body)["messages"] == asking()["messages"]
    for name in ("openai-beta", "keep-alive", "te", "upgrade", "http2-settings", "trailer", "transfer-encoding"):
        assert asked.header(name) is None


async def test_an_offer_of_http_2_is_passed_over_for_every_call_of_a_connection(proxy: Proxy) -> None:
    sent = request(LENGTH, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
    async with connected(proxy.port) as wire:
        for _ in range(2):
            wire.send(sent[:100])
            await asyncio.sleep(0)
            wire.send(sent[100:])
            status, headers = await wire.head()
            assert (status, bool(await wire.body(headers))) == (200, True)


async def test_a_body_is_asked_for_only_where_it_will_be_read(upstream: Upstream, proxy: Proxy) -> None:
    head = request(LENGTH, "Expect: 100-continue", body=b"")
    async with connected(proxy.port) as wire:
        wire.send(head)
        assert (await wire.head())[0] == 100
        wire.send(BODY)
        assert (await wire.head())[0] == 200
    async with connected(proxy.port) as wire:
        wire.send(head.replace(KEY.encode(), b"bn-unknown"))
        assert (await wire.head())[0] == 401
    assert len(upstream.requests) == 1
