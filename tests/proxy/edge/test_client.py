"""Pings fill silence, and only silence, and never outlive their stream."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from proxy.edge.client import Pinger, Sender
from proxy.wire.sse import PING


class Wire:
    """Takes what is sent, or does not."""

    def __init__(self) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.waiting += 1
        await self.open.wait()
        self.waiting -= 1
        self.sent.append(message)

    @property
    def pings(self) -> int:
        return sum(message.get("body") == PING for message in self.sent)


def pinging(wire: Wire) -> Pinger:
    """A pinger so impatient that it looks in every turn of the loop."""
    sender = Sender(wire.send)

    async def start() -> None:
        await sender.start_stream([])

    return Pinger(sender, 0.0, PING, start)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_silence_is_filled_and_the_first_ping_starts_the_stream() -> None:
    wire = Wire()
    pinger = pinging(wire)
    await turns(10)
    pinger.close()
    assert wire.sent[0]["type"] == "http.response.start"
    assert wire.pings > 1


async def test_a_client_that_does_not_read_has_one_ping_waiting_not_many() -> None:
    wire = Wire()
    pinger = pinging(wire)
    wire.open.clear()
    await turns(50)
    assert wire.waiting == 1
    pinger.close()


async def test_no_ping_follows_the_end_of_a_stream() -> None:
    for patience in range(12):
        wire = Wire()
        pinger = pinging(wire)
        await turns(patience)
        pinger.close()
        before = len(wire.sent)
        await turns(10)
        assert len(wire.sent) == before
