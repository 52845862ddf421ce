"""What an agent may use, and what it is told when it wants more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, Answer, asking, becomes, proxied
from tests.support.upstream import Gate, Upstream, error, held, says
from tests.support.wire import connected

PRICED = {"small": {"provider": "local", "model": "small-instruct", "price": {"input": 1.0, "output": 2.0}}}


def is_refused(answer: Answer, code: str) -> None:
    assert (answer.status, answer.error["code"]) == (429, code)
    assert int(answer.headers["retry-after"]) >= 1
    assert AGENT in answer.error["message"]


async def test_calls_per_minute(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"rpm": 2}})
    answers = [await proxy.chat() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    is_refused(answers[2], "rate_limit_exceeded")
    assert answers[2].error["type"] == "rate_limit_error"
    assert "calls per minute (2)" in answers[2].error["message"]
    assert 0 < int(answers[2].headers["retry-after-ms"]) <= 30_000
    assert len(upstream.requests) == 2
    assert proxy.metric("burnish_refused_total", api="chat", status="429", code="rate_limit_exceeded") == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_tokens_per_minute_are_counted_as_the_provider_counts_them(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent={"limits": {"tpm": 100}})
    upstream.reply(says("a").costing(60, 39), says("b").costing(5, 5))
    assert [(await proxy.chat(stream=stream)).status for _ in range(2)] == [200, 200]
    answer = await proxy.chat(stream=stream)
    is_refused(answer, "rate_limit_exceeded")
    assert "tokens per minute (100)" in answer.error["message"]


async def test_money_per_day(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"budget": {"usd": 3e-6, "per": "day"}}}, models=PRICED)
    upstream.always(says("a").costing(1, 1))
    assert (await proxy.chat()).status == 200
    answer = await proxy.chat()
    is_refused(answer, "insufficient_quota")
    assert answer.error["type"] == "insufficient_quota"
    assert answer.headers["x-should-retry"] == "false"
    assert 0 < int(answer.headers["retry-after"]) <= 86_400
    (run,) = await proxy.recorded()
    assert run.cost_usd == pytest.approx(3e-6)
    assert proxy.metric("burnish_cost_usd_total", agent=AGENT) == pytest.approx(3e-6)


async def test_what_was_spent_is_remembered_over_a_restart(upstream: Upstream, tmp_path: Path) -> None:
    written: dict[str, Any] = {"agent": {"limits": {"budget": {"usd": 3e-6, "per": "month"}}}, "models": PRICED}
    upstream.always(says("a").costing(1, 1))
    for status in (200, 429):
        async with proxied(upstream, tmp_path, **written) as proxy:
            assert (await proxy.chat()).status == status


async def test_calls_in_flight(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"concurrency": 1}})
    gate = Gate()
    upstream.reply(held(says("first"), gate))
    first = asyncio.create_task(proxy.chat())
    await upstream.received()
    answer = await proxy.chat()
    is_refused(answer, "rate_limit_exceeded")
    assert "calls in flight (1)" in answer.error["message"]
    gate.open()
    assert (await first).status == 200
    assert (await proxy.chat()).status == 200


@pytest.mark.parametrize("how", ["an error", "a client that leaves"])
async def test_a_call_that_came_to_nothing_gives_its_place_back(upstream: Upstream, start: Start, how: str) -> None:
    proxy = await start(agent={"limits": {"concurrency": 1}})
    if how == "an error":
        upstream.reply(error(500))
        assert (await proxy.chat()).status == 500
    else:
        upstream.reply(held(says("late"), Gate()))
        async with connected(proxy.port) as wire:
            wire.ask(asking())
            await upstream.received()
            wire.leave()
        await proxy.recorded()
    assert (await proxy.chat()).status == 200


async def test_a_call_that_waits_is_served_when_its_turn_comes(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"concurrency": 1, "queue": 2})
    gate = Gate()
    upstream.always(held(says("ok"), gate))
    asked = [asyncio.create_task(proxy.chat(str(number))) for number in range(3)]
    await upstream.received()
    await becomes(lambda: proxy.worker.admission.waiting == 2)
    assert len(upstream.requests) == 1
    gate.open()
    assert [(await each).status for each in asked] == [200] * 3


async def test_a_full_queue_is_told_at_once(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"concurrency": 1, "queue": 1})
    gate = Gate()
    upstream.always(held(says("ok"), gate))
    asked = [asyncio.create_task(proxy.chat()) for _ in range(2)]
    await becomes(lambda: proxy.worker.admission.waiting == 1)
    answer = await proxy.chat()
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (429, "too_many_calls", "1")
    assert "server.concurrency" in answer.error["message"]
    gate.open()
    assert [(await each).status for each in asked] == [200, 200]


async def test_a_wait_that_is_too_long_is_told(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"concurrency": 1, "queue": 1, "queue_timeout": 0.02})
    gate = Gate()
    upstream.reply(held(says("ok"), gate))
    first = asyncio.create_task(proxy.chat())
    await upstream.received()
    answer = await proxy.chat()
    assert (answer.status, answer.error["code"]) == (429, "too_many_calls")
    gate.open()
    assert (await first).status == 200
    assert (await proxy.chat()).status == 200
    await becomes(lambda: proxy.worker.admission.in_flight == 0)
