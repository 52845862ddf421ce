"""The client's side of one HTTP exchange: its body read within bounds, answers sent, its leaving noticed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Final, TypeAlias

from proxy.errors import ApiError, BadRequest

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

_JSON: Final = (b"content-type", b"application/json")
_STREAM: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)


CONNECTION: Final = "burnish.connection"
"""The scope's key for the `Connection`, where the server supplies one."""


class Connection:
    """What the server tells of the client's connection: whether its request is whole, and when it is lost."""

    __slots__ = ("_closed", "on_loss", "whole")

    def __init__(self) -> None:
        self.whole = False
        self.on_loss: Callable[[], None] | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def lost(self) -> None:
        self._closed = True
        if self.on_loss is not None:
            self.on_loss()


class ClientGone(Exception):
    """The client closed its connection before it had its answer."""


async def read_body(scope: Scope, receive: Receive, *, limit: int, timeout: float) -> bytes:
    """The whole body. Raises 413 before more than `limit` bytes are read, 415 for a compressed one, 408 when slow."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise BadRequest("content-length: must be a number", param="content-length", code="invalid_header")
            if int(value) > limit:
                raise too_large(limit)
        elif name == b"content-encoding":
            refuse_compressed(value)
    connection: Connection | None = scope.get(CONNECTION)
    if connection is not None and connection.whole:
        return await _received(receive, limit)
    try:
        async with asyncio.timeout(timeout):
            return await _received(receive, limit)
    except TimeoutError:
        raise ApiError(
            408,
            f"the request's body did not arrive within {timeout:g} s",
            code="request_timeout",
            headers={"connection": "close"},
        ) from None


async def _received(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def refuse_compressed(content_encoding: bytes) -> None:
    """Raises 415 unless the header says that nothing was done to the body: a small one may unfold to any size."""
    if content_encoding.strip().lower() not in (b"", b"identity"):
        raise ApiError(
            415,
            f"content-encoding {content_encoding.decode('latin-1')!r} is not supported; send the body uncompressed",
            param="content-encoding",
            code="unsupported_encoding",
        )


def too_deep(limit: int) -> ApiError:
    return BadRequest(
        f"the body is nested more than {limit} levels deep; flatten it, or raise server.max_depth",
        code="nested_too_deeply",
    )


def too_large(limit: int) -> ApiError:
    """The connection stays open, and what still comes is thrown away: clients that are cut off lose the answer."""
    return ApiError(
        413,
        f"the body is larger than {limit / 2**20:g} MiB; shorten it, or raise server.max_body",
        code="request_too_large",
    )


class Sender:
    """Sends one answer: whole, or as a stream whose events each leave in one write."""

    __slots__ = ("_send", "started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def whole(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        self.started = True
        length = (b"content-length", b"%d" % len(body))
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [_JSON, length, *headers]},
        )
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def start_stream(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        await self.start(200, [*_STREAM, *headers])

    async def event(self, event: bytes) -> None:
        await self._send({"type": "http.response.body", "body": event, "more_body": True})

    async def end_stream(self, event: bytes) -> None:
        await self._send({"type": "http.response.body", "body": event})


class Departure:
    """Cancels the current task when the client goes, until `close`.

    Who asks for the client's leaving takes the rest of the body: where that is still being read, `whole` is set once
    it has been.
    """

    __slots__ = ("_connection", "_task", "_watch", "gone")

    def __init__(self, scope: Scope, receive: Receive, whole: asyncio.Event | None = None) -> None:
        self.gone = False
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._watch: asyncio.Future[None] | None = None
        self._connection: Connection | None = scope.get(CONNECTION)
        if self._connection is None:
            self._watch = asyncio.ensure_future(self._until_disconnect(receive, whole))
        else:
            self._connection.on_loss = self._left
            if self._connection.closed:
                self._left()

    async def _until_disconnect(self, receive: Receive, whole: asyncio.Event | None) -> None:
        if whole is not None:
            await whole.wait()
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()
        self._left()

    def _left(self) -> None:
        self.gone = True
        self._task.cancel("the client disconnected")

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._connection is not None:
            self._connection.on_loss = None


class Pinger:
    """Sends `: ping` whenever a stream has been silent for `interval` seconds."""

    __slots__ = ("_before", "_interval", "_last", "_loop", "_ping", "_sender", "_task", "_timer")

    def __init__(self, sender: Sender, interval: float, ping: bytes, before: Callable[[], Awaitable[None]]) -> None:
        """`before` starts the stream where it has not started: then the status has been decided by silence."""
        self._sender = sender
        self._interval = interval
        self._ping = ping
        self._before = before
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._task: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(interval, self._look)

    def sent(self) -> None:
        """Something else was sent: silence begins anew."""
        self._last = self._loop.time()

    def close(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _look(self) -> None:
        # One timer a stream, put off when it rings, costs nothing for each chunk.
        silent = self._loop.time() - self._last
        if silent >= self._interval:
            # A client that does not read still has its last ping to come.
            if self._task is None or self._task.done():
                self._task = self._loop.create_task(self._send())
            silent = 0.0
        self._timer = self._loop.call_later(self._interval - silent, self._look)

    async def _send(self) -> None:
        if not self._sender.started:
            await self._before()
        self._last = self._loop.time()
        await self._sender.event(self._ping)
