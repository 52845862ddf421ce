"""When a client leaves, its upstream is let go at once, and the call is recorded. Checklist item 14."""

import asyncio
import json

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import WAYS, Way
from tests.support.proxy import Proxy, asking, becomes
from tests.support.upstream import Gate, Received, Upstream, calls, error, held, never, says, tool
from tests.support.wire import connected

EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=str)
WITHIN = 1.0
"""Seconds in which the upstream must see its client leave."""


async def has_left(request: Received) -> None:
    async with asyncio.timeout(WITHIN):
        await request.left.wait()


async def is_idle(proxy: Proxy) -> None:
    """Every place that the call held is free again."""
    await becomes(lambda: not proxy.worker.admission.in_flight, within=WITHIN)


@EVERY_WAY
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_item_14_a_client_that_leaves_before_the_first_byte_frees_the_upstream(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(never())
    async with connected(line.proxy.port) as wire:
        wire.ask(way.client.asking(stream=stream), target=way.client.path)
        request = await upstream.received()
        wire.leave()
        await has_left(request)
    (run,) = await line.proxy.recorded()
    assert (run.status, run.outcome, run.error) == (499, "cancelled", "the client disconnected")
    assert run.answer is None
    assert [attempt.error for attempt in run.attempts] == ["cancelled by the client"]
    await is_idle(line.proxy)


@EVERY_WAY
async def test_item_14_a_client_that_leaves_between_headers_and_first_token(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says(Gate(), "a"))
    async with connected(line.proxy.port) as wire:
        wire.ask(way.client.asking(stream=True), target=way.client.path)
        await wire.head()
        wire.leave()
        await has_left(upstream.requests[0])
    (run,) = await line.proxy.recorded()
    assert run.outcome == "cancelled"
    if run.answer is not None:
        # Its API had begun the answer, which said nothing yet.
        assert way.client.read({"status": "in_progress", **json.loads(run.answer)}).text == ""


@EVERY_WAY
async def test_item_14_a_client_that_leaves_in_mid_stream(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream)
    line.reply(says("half", Gate(), " more"))
    async with connected(line.proxy.port) as wire:
        wire.ask(way.client.asking(stream=True), target=way.client.path)
        await wire.head()
        while b'"half"' not in await wire.frame():
            pass
        wire.leave()
        await has_left(upstream.requests[0])
    (run,) = await line.proxy.recorded()
    assert (run.status, run.outcome) == (499, "cancelled")
    assert way.client.read({"status": "in_progress", **json.loads(run.answer or "")}).text == "half"
    assert [attempt.error for attempt in run.attempts] == ["cancelled by the client"]
    await is_idle(line.proxy)


@EVERY_WAY
async def test_item_14_a_client_that_leaves_in_the_middle_of_a_whole_answer(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    gate = Gate()
    line.reply(says("half", gate, " more"))
    async with connected(line.proxy.port) as wire:
        wire.ask(way.client.asking(), target=way.client.path)
        await gate.reached()
        wire.leave()
        await has_left(upstream.requests[0])
    (run,) = await line.proxy.recorded()
    assert run.outcome == "cancelled"


async def test_item_14_a_client_that_leaves_while_it_does_not_read(upstream: Upstream, start: Start) -> None:
    """Its connection is full, so the proxy waits for it and not for the upstream."""
    proxy = await start()
    upstream.reply(says(*["x" * 65536] * 100, Gate()))
    async with connected(proxy.port, buffer=4096) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        await becomes(lambda: proxy.stalled)
        wire.leave()
        await has_left(upstream.requests[0])
    (run,) = await proxy.recorded()
    assert run.outcome == "cancelled"
    assert [attempt.error for attempt in run.attempts] == ["cancelled by the client"]


async def test_item_14_a_client_that_leaves_before_a_retry_is_not_retried_for(upstream: Upstream, start: Start) -> None:
    retries = {"max": 5, "budget": 1}
    proxy = await start(models={"small": {"provider": "local", "model": "small-instruct", "retries": retries}})
    upstream.always(error(503, retry_after=5))
    async with connected(proxy.port) as wire:
        wire.ask(asking())
        request = await upstream.received()
        await request.answered.wait()
        wire.leave()
        (run,) = await proxy.recorded()
    assert run.outcome == "cancelled"
    assert len(upstream.requests) == 1
    await is_idle(proxy)


async def test_item_14_a_client_that_leaves_while_it_waits_in_the_queue(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"concurrency": 1, "queue": 5})
    gate = Gate()
    upstream.reply(held(says("first"), gate))
    async with connected(proxy.port) as first, connected(proxy.port) as second:
        first.ask(asking())
        await upstream.received()
        second.ask(asking("second"))
        await becomes(lambda: proxy.worker.admission.waiting == 1)
        second.leave()
        gate.open()
        status, _ = await first.head()
        assert status == 200
        await is_idle(proxy)
    assert len(upstream.requests) == 1
    assert (await proxy.chat("third")).text == "You said: third"


async def test_item_14_a_client_that_leaves_in_the_middle_of_its_own_request(upstream: Upstream, proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), ("Content-Length", "1000"))
        wire.leave()
    async with connected(proxy.port) as wire:
        wire.send(_half_a_request(proxy))
        wire.leave()
    await is_idle(proxy)
    assert upstream.requests == []
    assert (await proxy.chat()).status == 200


def _half_a_request(proxy: Proxy, target: str = "/v1/chat/completions") -> bytes:
    return (
        f"POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {proxy.key}\r\nContent-Length: 1000\r\n\r\n{{"
    ).encode()


@pytest.mark.parametrize("body", [b"", b'{"input": "x"}'], ids=["without a body", "with a body"])
async def test_item_14_another_routes_client_that_leaves_before_the_first_byte(
    upstream: Upstream, proxy: Proxy, body: bytes
) -> None:
    upstream.reply(never(), to="/v1/moderations")
    async with connected(proxy.port) as wire:
        wire.ask(body, target="/v1/moderations")
        request = await upstream.received()
        wire.leave()
        await has_left(request)
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome, run.error) == (499, "cancelled", "the client disconnected")
    await is_idle(proxy)


async def test_item_14_another_routes_client_that_leaves_in_the_middle_of_a_download(
    upstream: Upstream, proxy: Proxy
) -> None:
    upstream.reply(says("a", Gate(), "b"), to="/v1/rerank")
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True), target="/v1/rerank")
        await wire.head()
        await wire.frame()
        wire.leave()
        await has_left(upstream.requests[0])
    (run,) = await proxy.recorded()
    assert run.outcome == "cancelled"
    await is_idle(proxy)


async def test_item_14_another_routes_client_that_leaves_in_the_middle_of_its_upload(
    upstream: Upstream, proxy: Proxy
) -> None:
    async with connected(proxy.port) as wire:
        wire.send(_half_a_request(proxy, "/v1/files"))
        await becomes(lambda: upstream.connections == 1)
        wire.leave()
        (run,) = await proxy.recorded()
    assert run.outcome == "cancelled"
    await is_idle(proxy)
    assert upstream.requests == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_item_14_a_client_that_leaves_takes_an_observing_chain_with_it(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent={"mode": "observe", "middleware": ["variant_routing", "tool_outcomes"]})
    upstream.reply(held(calls(tool("f")), Gate()))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=stream))
        request = await upstream.received()
        wire.leave()
        await has_left(request)
    (run,) = await proxy.recorded()
    assert run.outcome == "cancelled"
    await is_idle(proxy)


async def test_item_14_many_clients_that_leave_leave_nothing_behind(upstream: Upstream, proxy: Proxy) -> None:
    upstream.always(says("a", Gate(), "b"))
    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(_ask_and_leave(proxy))
    runs = await proxy.recorded(30)
    assert {run.outcome for run in runs} == {"cancelled"}
    assert len({run.id for run in runs}) == 30
    for request in upstream.requests:
        await has_left(request)
    await is_idle(proxy)


async def _ask_and_leave(proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        await wire.frame()
        wire.leave()
