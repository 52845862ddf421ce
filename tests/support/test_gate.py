"""A gate lets through whom it should."""

import asyncio

from tests.support.upstream import Gate


async def test_a_gate_can_let_through_one_at_a_time() -> None:
    gate = Gate()
    passed: asyncio.Queue[int] = asyncio.Queue()

    async def pass_through(number: int) -> None:
        await gate.wait()
        passed.put_nowait(number)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(pass_through(number))
        gate.let_through(2)
        assert [await passed.get(), await passed.get()] == [0, 1]
        assert passed.empty()
        assert not gate.is_open
        gate.open()
    assert await passed.get() == 2


async def test_a_gate_tells_that_someone_stands_before_it() -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(gate.wait())
        await gate.reached()
        assert not waiting.done()
        gate.open()


async def test_a_pass_is_not_lost_when_nobody_waits_yet() -> None:
    gate = Gate()
    gate.let_through()
    await gate.wait()
    assert not gate.is_open


def test_a_gate_is_opened_from_another_thread() -> None:
    gate = Gate()

    async def wait_for_it() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(gate.wait())
            await gate.reached()
            await asyncio.to_thread(gate.open)

    asyncio.run(wait_for_it())
    assert gate.wait_in_thread()
    assert gate.opened_at is not None
