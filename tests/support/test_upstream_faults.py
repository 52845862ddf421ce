"""The scripted provider holds, cuts, splits and spoils its answers where a test says."""

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest

from tests.support.asking import ASKED, Session, body, chunks, deltas, whole
from tests.support.upstream import (
    CHAT,
    CUT,
    PING,
    RESET,
    Broken,
    Gate,
    Pause,
    Raw,
    Upstream,
    crlf,
    gzipped,
    hangs_up,
    held,
    in_pieces,
    raw,
    redirect,
    says,
    with_content_type,
    with_headers,
    without_done,
)


async def test_a_gate_holds_a_stream_between_two_chunks_until_the_test_opens_it(
    upstream: Upstream, client: Session
) -> None:
    gate = Gate()
    upstream.reply(says("a", gate, "b"))
    async with client.post(CHAT, json={**ASKED, "stream": True}) as response:
        seen = b""
        while b'"a"' not in seen:
            seen += await response.content.readany()
        assert b'"b"' not in seen
        gate.open()
        assert b'"b"' in await response.read()


async def test_a_gate_holds_the_headers_or_the_first_byte(upstream: Upstream, client: Session) -> None:
    before_headers, before_body = Gate(), Gate()
    upstream.reply(held(says(before_body, "a"), before_headers))
    asking = asyncio.create_task(client.post(CHAT, json={**ASKED, "stream": True}).__aenter__())
    await upstream.received()
    assert not asking.done()
    before_headers.open()
    response = await asking
    await before_body.reached()
    assert response.content.read_nowait() == b""
    before_body.open()
    assert b'"role"' in await response.content.readany()
    response.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("cut", [CUT, RESET])
async def test_a_cut_ends_the_connection_in_the_middle_of_the_body(
    upstream: Upstream, client: Session, stream: bool, cut: Any
) -> None:
    upstream.reply(says("a", cut, "b"))
    async with client.post(CHAT, json={**ASKED, "stream": stream}) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await response.read()
    assert not upstream.requests[0].answered.is_open


@pytest.mark.parametrize("reset", [False, True])
async def test_hanging_up_sends_no_headers(upstream: Upstream, client: Session, reset: bool) -> None:
    upstream.reply(hangs_up(reset=reset))
    with pytest.raises(aiohttp.ClientConnectionError):
        await whole(client)


async def test_an_error_event_in_mid_stream_ends_it_without_done(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a", Broken("out of memory", code="oom"), "b"))
    text = (await body(client)).decode()
    assert json.loads(text.split("\n\n")[-2].removeprefix("data: "))["error"]["code"] == "oom"
    assert '"b"' not in text
    assert "[DONE]" not in text
    assert (await whole(client))["error"]["message"] == "out of memory"


async def test_pings_and_raw_bytes_stand_where_they_were_put(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a", PING, Raw(b"rubbish\n\n"), "b"))
    events = (await body(client)).split(b"\n\n")
    assert events[2:4] == [b": ping", b"rubbish"]


async def test_a_stream_can_end_its_lines_with_crlf_or_lack_its_done(upstream: Upstream, client: Session) -> None:
    upstream.reply(crlf(says("a")), without_done(says("a")))
    assert b"\n" not in (await body(client)).replace(b"\r\n", b"")
    assert b"[DONE]" not in await body(client)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_pieces_cut_the_body_at_any_byte_and_keep_it_whole(
    upstream: Upstream, client: Session, size: int
) -> None:
    upstream.reply(in_pieces(says("ü", "€"), size))
    async with client.post(CHAT, json={**ASKED, "stream": True}) as response:
        pieces = [piece async for piece, _ in response.content.iter_chunks() if piece]
    assert max(map(len, pieces)) <= size
    assert deltas([json.loads(e[6:]) for e in b"".join(pieces).split(b"\n\n") if b"{" in e], "content") == ["ü", "€"]


async def test_a_trickle_waits_after_every_piece(upstream: Upstream, client: Session) -> None:
    turn = Gate()
    upstream.reply(in_pieces(raw(b"abcd"), 2, between=turn))
    async with client.post(CHAT, json=ASKED) as response:
        assert await response.content.readany() == b"ab"
        turn.let_through()
        assert await response.content.readany() == b"cd"
        turn.let_through()
        assert await response.content.read() == b""


async def test_a_pause_lets_time_pass(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a", Pause(0.001), "b"))
    assert deltas(await chunks(client), "content") == ["a", "b"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_compressed_body_says_so(upstream: Upstream, client: Session, stream: bool) -> None:
    upstream.reply(gzipped(says("hello")))
    async with client.post(CHAT, json={**ASKED, "stream": stream}) as response:
        assert response.headers["content-encoding"] == "gzip"
        assert b"hello" in gzip.decompress(await response.read())


async def test_headers_can_be_added_more_than_once(upstream: Upstream, client: Session) -> None:
    cookies = with_headers(says("a"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("server", "provider"))
    upstream.reply(with_content_type(cookies, "text/html"))
    async with client.post(CHAT, json=ASKED) as response:
        assert response.headers.getall("set-cookie") == ["a=1", "b=2"]
        assert response.headers["server"] == "provider"
        assert response.headers.getall("content-type") == ["text/html"]


async def test_a_redirect_is_only_told(upstream: Upstream, client: Session) -> None:
    upstream.reply(redirect("/elsewhere"))
    async with client.post(CHAT, json=ASKED, allow_redirects=False) as response:
        assert (response.status, response.headers["location"]) == (307, "/elsewhere")
