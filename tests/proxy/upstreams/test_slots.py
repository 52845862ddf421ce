"""So many calls at once, and the others in order."""

import asyncio

import pytest

from proxy.upstreams.slots import Slots


async def waiting(slots: Slots) -> "asyncio.Task[None]":
    """A task that has begun to wait."""
    task = asyncio.ensure_future(slots.wait())
    await asyncio.sleep(0)
    return task


async def test_there_are_as_many_as_were_made() -> None:
    slots = Slots(2)
    assert [slots.take() for _ in range(3)] == [True, True, False]
    slots.give_back()
    assert slots.take()


async def test_who_waited_longest_is_next() -> None:
    slots = Slots(1)
    slots.take()
    first, second = await waiting(slots), await waiting(slots)
    slots.give_back()
    await first
    assert not second.done()
    slots.give_back()
    await second


async def test_a_slot_that_is_given_back_goes_to_those_who_wait_and_not_to_a_newcomer() -> None:
    slots = Slots(1)
    slots.take()
    first = await waiting(slots)
    slots.give_back()
    assert not slots.take()
    await first


async def test_who_stops_waiting_is_passed_over() -> None:
    slots = Slots(1)
    slots.take()
    first, second = await waiting(slots), await waiting(slots)
    first.cancel()
    slots.give_back()
    await second
    with pytest.raises(asyncio.CancelledError):
        await first
    slots.give_back()
    assert slots.take()


async def test_a_slot_handed_to_someone_who_leaves_at_that_moment_is_not_lost() -> None:
    slots = Slots(1)
    slots.take()
    first = await waiting(slots)
    slots.give_back()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert slots.take()
