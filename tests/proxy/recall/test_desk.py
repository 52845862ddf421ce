"""Past answers are looked up off the event loop; whatever is wrong with that costs a call nothing but the answers."""

import asyncio
import logging

import pytest

from middleware.recall import RecallFailed
from proxy.recall.desk import RecallDesk
from tests.proxy.recall.conftest import Clock, FakeLibrary


async def until_asked(library: FakeLibrary, times: int) -> None:
    while library.answers.asked < times:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def failed(desk: RecallDesk) -> str:
    with pytest.raises(RecallFailed) as caught:
        await desk.of("t", "a").nearest("what is this", 3)
    return str(caught.value)


async def test_the_nearest_answers_of_the_tenant_and_agent_are_found(desk: RecallDesk, library: FakeLibrary) -> None:
    library.keep("t", "a", "the cat sat", "zyzzyva", "the bat sat")
    library.keep("u", "a", "the hat sat")
    library.keep("t", "b", "the rat sat")
    found = await desk.of("t", "a").nearest("the cat sat", 2)
    assert [each.answer.id for each in found] == ["the cat sat", "the bat sat"]
    assert found[0].similarity == pytest.approx(1.0)
    assert desk.problem is None


async def test_many_calls_at_once_get_each_its_own(desk: RecallDesk, library: FakeLibrary) -> None:
    questions = ["".join(chr(97 + (n * k) % 26) for k in range(1, 9)) for n in range(1, 40)]
    library.keep("t", "a", *questions)
    found = await asyncio.gather(*(desk.of("t", "a").nearest(question, 1) for question in questions))
    assert [each[0].answer.id for each in found] == questions


async def test_an_index_that_is_away_is_not_asked_on_each_call(
    desk: RecallDesk, library: FakeLibrary, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    library.answers.away = True
    with caplog.at_level(logging.WARNING, "burnish.recall"):
        for _ in range(10):
            assert "the index is away; start it" in await failed(desk)
    assert library.answers.asked == 3
    assert desk.problem == "calls go on without past answers: the index is away; start it"
    assert [record.message for record in caplog.records] == [
        "past answers cannot be had, and calls go on without: the index is away; start it"
    ]
    clock.now += 60
    await failed(desk)
    await failed(desk)
    assert library.answers.asked == 4


async def test_an_index_that_is_back_is_asked_again(desk: RecallDesk, library: FakeLibrary, clock: Clock) -> None:
    library.keep("t", "a", "here")
    library.answers.away = True
    for _ in range(3):
        await failed(desk)
    library.answers.away = False
    clock.now += 60
    assert len(await desk.of("t", "a").nearest("here", 1)) == 1
    assert desk.problem is None


async def test_a_call_that_waits_no_longer_harms_no_other(desk: RecallDesk, library: FakeLibrary) -> None:
    library.keep("t", "a", "here")
    library.answers.speaks.clear()
    impatient = asyncio.create_task(desk.of("t", "a").nearest("here", 1))
    patient = asyncio.create_task(desk.of("t", "a").nearest("here", 1))
    await until_asked(library, 2)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    library.answers.speaks.set()
    assert len(await patient) == 1
    assert desk.problem is None


async def test_a_silent_index_is_found_out_though_no_call_waited_for_it(desk: RecallDesk, library: FakeLibrary) -> None:
    library.answers.speaks.clear()
    calls = [asyncio.create_task(desk.of("t", "a").nearest("what", 1)) for _ in range(3)]
    await until_asked(library, 3)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    library.answers.away = True
    library.answers.speaks.set()
    while desk.problem is None:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    while library.answers.asked == 3 and "is away" not in await failed(desk):
        pass
    assert library.answers.asked == 3


async def test_no_more_calls_wait_than_can_be_served_soon(desk: RecallDesk, library: FakeLibrary) -> None:
    library.answers.speaks.clear()
    calls = [asyncio.create_task(desk.of("t", "a").nearest(f"what {n}", 1)) for n in range(64)]
    await until_asked(library, 4)
    assert await failed(desk) == "64 calls wait for past answers already"
    library.answers.speaks.set()
    await asyncio.gather(*calls)


async def test_what_nobody_waits_for_any_more_is_not_looked_up(desk: RecallDesk, library: FakeLibrary) -> None:
    library.answers.speaks.clear()
    calls = [asyncio.create_task(desk.of("t", "a").nearest("what", 1)) for _ in range(40)]
    await until_asked(library, 4)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    library.answers.speaks.set()
    assert await desk.of("t", "a").nearest("what", 1) == []
    assert library.answers.asked == 5


async def test_an_embedder_that_cannot_be_opened_is_a_problem_that_ends(
    desk: RecallDesk, library: FakeLibrary, clock: Clock
) -> None:
    library.embeds = False
    await desk.open()
    assert desk.problem == "calls go on without past answers: the embedder is not there; fetch it"
    assert await failed(desk) == "the embedder is not there; fetch it"
    library.embeds = True
    assert await desk.of("t", "a").nearest("what", 1) == []
    assert desk.problem is None


async def test_calls_that_wait_when_the_worker_stops_are_told(desk: RecallDesk, library: FakeLibrary) -> None:
    library.answers.speaks.clear()
    waits = asyncio.create_task(desk.of("t", "a").nearest("what", 1))
    await until_asked(library, 1)
    await desk.aclose()
    with pytest.raises(RecallFailed, match="the worker stops"):
        await waits
    assert library.closed
