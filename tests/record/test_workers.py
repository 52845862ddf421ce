"""Several workers are one proxy: what one has seen the other knows, and one goes on where the other was killed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from records.otlp import runs_in
from stores.segments import SegmentName, segment_names
from tests.record.caller import Caller, calling, until
from tests.record.processes import workers
from tests.record.site import Site, site
from tests.support.proxy import ServedProxy
from tests.support.upstream import Upstream, calls, tool

WEATHER = {"type": "function", "function": {"name": "get_weather"}}


@pytest.fixture
def records(upstream: Upstream, tmp_path: Path) -> Site:
    return site(upstream, tmp_path, agent={"middleware": ["tool_outcomes"]})


def worker_of(records: Site, run: str) -> str:
    """The number of the worker that wrote this run's line."""
    (found,) = [
        name.worker
        for name in filter(None, map(SegmentName.parse, segment_names(records.journal)))
        for line in (records.journal / str(name)).read_bytes().splitlines()
        if run in (recorded.id for recorded in runs_in(line))
    ]
    return found


@asynccontextmanager
async def one_of_each(proxy: ServedProxy, records: Site) -> AsyncIterator[tuple[Caller, Caller]]:
    """Two clients, the first with a connection to worker 0 and the second with one to worker 1."""
    found: dict[str, Caller] = {}
    async with AsyncExitStack() as opened:
        while len(found) < 2:
            caller = await opened.enter_async_context(calling(proxy, once=True))
            answer = await caller.chat("Who are you?")
            found.setdefault(worker_of(records, answer.run_id), caller)
        yield found["0"], found["1"]


async def test_a_tool_loop_over_two_workers_is_one_session(upstream: Upstream, records: Site) -> None:
    with records.served("--workers", "2") as proxy:
        async with one_of_each(proxy, records) as (first, second):
            question = {"role": "user", "content": "How is the weather?"}
            upstream.reply(calls(tool("get_weather", city="Paris")))
            asked = await first.chat(question, tools=[WEATHER])
            call = asked.json()["choices"][0]["message"]
            result = {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "sunny"}
            told = await second.chat(question, call, result, tools=[WEATHER])
            said = told.json()["choices"][0]["message"]
            thanked = await first.chat(question, call, result, said, "Thank you.")
        proxy.stop()
        assert proxy.wait() == 0
    loop = [records.stored(answer.run_id) for answer in (asked, told, thanked)]
    assert [worker_of(records, run.id) for run in loop] == ["0", "1", "0"]
    assert {(run.session, run.session_source) for run in loop} == {(asked.run_id, "derived")}
    (event,) = loop[1].tools
    assert (event.asked_by, event.result) == (asked.run_id, "sunny")
    assert loop[0].ended_ns <= event.ended_ns
    assert len(records.held()) == len(set(records.held())) == len(upstream.requests)


async def test_either_worker_tells_the_figures_of_both(upstream: Upstream, records: Site) -> None:
    with records.served("--workers", "2") as proxy:
        async with one_of_each(proxy, records) as both:
            for caller in both:
                for _ in range(5):
                    await caller.chat("Hello.")
            for caller in both:

                async def tells_all(caller: Caller = caller) -> bool:
                    return await caller.metric("burnish_calls_total") == len(upstream.requests)

                await until(tells_all)


async def test_one_worker_serves_while_the_other_is_killed_and_started_again(records: Site) -> None:
    with records.served("--workers", "2") as proxy:
        async with one_of_each(proxy, records) as (_, second):
            killed, other = workers(proxy)
            killed.kill()
            assert (await second.chat("Are you there?")).status == 200

            async def is_back() -> bool:
                return len(workers(proxy)) == 2 and killed not in workers(proxy)

            await until(is_back)
            assert other in workers(proxy)
        async with one_of_each(proxy, records) as both:
            answers = [await caller.chat("And now?") for caller in both]
            assert {answer.status for answer in answers} == {200}
        proxy.stop()
        assert proxy.wait() == 0
    assert records.log.count("ended with") == 1
