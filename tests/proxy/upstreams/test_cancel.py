"""A client that leaves: its call upstream is closed at once, wherever it has got to."""

import asyncio
import time
from typing import Any

import pytest

from proxy.upstreams.pool import Pool
from tests.proxy.upstreams.behind import Behind
from tests.support.upstream import Gate, Received, Upstream, error, held, never, says

AT_ONCE = 1.0
"""Seconds within which the upstream must see it, here and in the checklist."""


async def leaves(received: Received, since: float) -> None:
    """Waits until the upstream has seen its client leave, and that it was in time."""
    await received.left.wait()
    assert received.left.opened_at is not None
    assert received.left.opened_at - since < AT_ONCE


@pytest.mark.parametrize("stream", [False, True])
async def test_before_the_head_of_the_answer(behind: Behind, upstream: Upstream, stream: bool) -> None:
    upstream.reply(never())
    call = asyncio.ensure_future(behind.ask(stream=stream))
    received = await upstream.received()
    since = time.monotonic()
    call.cancel()
    await leaves(received, since)
    with pytest.raises(asyncio.CancelledError):
        await call
    (attempt,) = behind.attempts
    assert attempt.error == "cancelled by the client"


async def test_between_the_head_and_the_first_chunk(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says(Gate()))
    reply = await behind.open(stream=True)
    since = time.monotonic()
    await reply.aclose()
    await leaves(upstream.requests[0], since)
    assert [attempt.error for attempt in behind.attempts] == ["cancelled by the client"]


async def test_while_the_first_chunk_is_awaited(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says(Gate()))
    reply = await behind.open(stream=True)
    reading = asyncio.ensure_future(reply.collect())
    await asyncio.sleep(0)
    since = time.monotonic()
    reading.cancel()
    await leaves(upstream.requests[0], since)
    with pytest.raises(asyncio.CancelledError):
        await reading
    await reply.aclose()


async def test_in_the_middle_of_a_stream(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("a", "b", Gate(), "c"))
    async with await behind.open(stream=True) as reply:
        async for chunk in reply:
            if chunk.text == "b":
                break
        since = time.monotonic()
    await leaves(upstream.requests[0], since)
    assert [attempt.error for attempt in behind.attempts] == ["cancelled by the client"]


async def test_in_the_middle_of_a_whole_answer(behind: Behind, upstream: Upstream) -> None:
    upstream.reply(says("a", Gate()))
    call = asyncio.ensure_future(behind.ask())
    received = await upstream.received()
    await asyncio.sleep(0.05)
    since = time.monotonic()
    call.cancel()
    await leaves(received, since)
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_while_a_retry_waits(behind: Behind, upstream: Upstream) -> None:
    async def sleep(seconds: float) -> None:
        await asyncio.Event().wait()

    behind.naps = sleep  # type: ignore[assignment]  # A nap that never ends.
    upstream.reply(error(500))
    call = asyncio.ensure_future(behind.ask())
    await (await upstream.received()).answered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(upstream.requests) == 1


async def test_while_it_waits_for_a_connection(behind: Behind, upstream: Upstream) -> None:
    router = behind.router(provider={"max_connections": 1})
    gate = Gate()
    upstream.reply(held(says("a"), gate))
    first = asyncio.ensure_future(behind.ask(router))
    await upstream.received()
    waiting = asyncio.ensure_future(behind.ask(router))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.open()
    assert (await first).text == "a"
    assert (await behind.ask(router)).text
    assert len(upstream.requests) == 2


async def test_a_client_that_leaves_tells_nothing_about_the_upstream(behind: Behind, upstream: Upstream) -> None:
    router = behind.router(provider={"breaker": {"failures": 1}})
    for _ in range(3):
        upstream.reply(says("a", Gate()))
        reply = await behind.open(router, stream=True)
        await reply.aclose()
    assert (await behind.ask(router)).text


async def test_cancelled_calls_leave_no_slot_taken(behind: Behind, upstream: Upstream, pool: Pool) -> None:
    sections: dict[str, Any] = {"provider": {"max_connections": 2}}
    router = behind.router(**sections)
    for _ in range(10):
        upstream.reply(never())
        call = asyncio.ensure_future(behind.ask(router))
        await upstream.received(len(upstream.requests) + 1)
        call.cancel()
        await asyncio.wait([call])
    assert (await behind.ask(router)).text
