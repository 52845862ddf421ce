"""The load generator: raw keep-alive connections in one thread, and every answer checked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import httptools

from benchmarks.traffic import Target, Traffic

_MARK = b"data: "


class WrongAnswers(Exception):
    """A subject answered something else than the mock provider said; its figures would mean nothing."""


@dataclass
class Tally:
    """What came back. Times in seconds; `events` arrived while the clock ran, `all_events` at any time."""

    latencies: list[float] = field(default_factory=list)
    first_chunks: list[float] = field(default_factory=list)
    events: int = 0
    all_events: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    counting: bool = True

    @property
    def calls(self) -> int:
        """Calls answered to the end."""
        return len(self.latencies)

    def checked(self, what: str) -> "Tally":
        """Itself, when every answer was right."""
        if self.wrong:
            raise WrongAnswers(f"{what}: {len(self.wrong)} of {self.calls} answers were wrong, first: {self.wrong[0]}")
        if not self.calls:
            raise WrongAnswers(f"{what}: nothing was answered")
        return self


class Connection(asyncio.Protocol):
    """One connection with at most one call in flight; calls `done(self)` after each."""

    def __init__(self, traffic: Traffic, tally: Tally, done: Callable[["Connection"], None]) -> None:
        self.traffic = traffic
        self.tally = tally
        self.done = done
        self.open = True
        self.busy = False
        self.sent_at = 0.0
        self.body: list[bytes] = []
        self.edge = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, though they do all that one does.
        self.transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        """Starts the next call."""
        self.busy = True
        self.body.clear()
        self.edge = b""
        self.parser = httptools.HttpResponseParser(self)
        self.sent_at = perf_counter()
        self.transport.write(next(self.traffic.requests))

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.finish(f"not HTTP: {error}")
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        if not self.body:
            self.tally.first_chunks.append(perf_counter() - self.sent_at)
        self.body.append(body)
        # A mark may be cut by the reader: the last five bytes can hold no whole one.
        seen = (self.edge + body).count(_MARK)
        self.edge = (self.edge + body)[-5:]
        self.tally.all_events += seen
        if self.tally.counting:
            self.tally.events += seen

    def on_message_complete(self) -> None:
        self.finish(self.traffic.wrong(self.parser.get_status_code(), b"".join(self.body)))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self.busy:
            self.finish(f"the connection broke before the answer ended ({exc})")

    def finish(self, wrong: str | None) -> None:
        """Books the call and passes the turn on."""
        if not self.busy:
            return
        self.busy = False
        self.tally.latencies.append(perf_counter() - self.sent_at)
        if wrong:
            self.tally.wrong.append(wrong)
        self.done(self)


async def _connect(target: Target, connection: Connection) -> Connection:
    await asyncio.get_running_loop().create_connection(lambda: connection, target.host, target.port)
    return connection


async def closed_loop(
    traffic: Traffic, connections: int, *, seconds: float | None = None, calls: int | None = None, stagger: float = 0.0
) -> Tally:
    """Each connection sends its next call when the last is answered, until the time or the number of calls is used up.

    `stagger` spreads the first calls over so many seconds, so that paced streams do not all wake at the same instant;
    the clock that `seconds` and `events` go by starts after it.
    """
    loop = asyncio.get_running_loop()
    tally = Tally(counting=not stagger)
    left = calls if calls is not None else -1
    stopped = False
    finished = asyncio.Event()
    running = connections

    def retire() -> None:
        nonlocal running
        running -= 1
        if not running:
            finished.set()

    def send(connection: Connection) -> None:
        nonlocal left
        if stopped or not left or not connection.open or tally.wrong:
            retire()
        else:
            left -= 1
            connection.send()

    def count() -> None:
        tally.counting = True

    def stop() -> None:
        nonlocal stopped
        stopped = True
        tally.counting = False
        tally.seconds = perf_counter() - began

    opened = [await _connect(traffic.target, Connection(traffic, tally, send)) for _ in range(connections)]
    loop.call_later(stagger, count)
    began = perf_counter() + stagger
    for index, connection in enumerate(opened):
        loop.call_later(stagger * index / connections, send, connection)
    timer = loop.call_later(stagger + seconds, stop) if seconds is not None else None
    await finished.wait()
    if not stopped:
        stop()
    if timer:
        timer.cancel()
    for connection in opened:
        connection.transport.close()
    return tally


async def fixed_rate(traffic: Traffic, rate: float, seconds: float) -> Tally:
    """One call each `1 / rate` seconds whether or not the last was answered, on as few connections as that takes."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    idle: list[Connection] = []
    opened: list[Connection] = []
    left = round(rate * seconds)
    finished = asyncio.Event()

    def free(connection: Connection) -> None:
        nonlocal left
        idle.append(connection)
        left -= 1
        if not left:
            finished.set()

    began = loop.time()
    for index in range(left):
        await asyncio.sleep(began + index / rate - loop.time())
        while idle and not idle[-1].open:
            idle.pop()
        if idle:
            connection = idle.pop()
        else:
            connection = await _connect(traffic.target, Connection(traffic, tally, free))
            opened.append(connection)
        connection.send()
    await finished.wait()
    tally.seconds = loop.time() - began
    for connection in opened:
        connection.transport.close()
    return tally
