"""The least HTTP/1.1 server that can stand behind a benchmark: a raw asyncio protocol with keep-alive."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools


class Connection(asyncio.Protocol):
    """One client connection; hands each whole request to `route` and lets it write the answer."""

    def __init__(self, route: "Route", watch: Callable[[int], None]) -> None:
        self.route = route
        self.watch = watch
        self.parser = httptools.HttpRequestParser(self)
        self.target = b""
        self.headers: dict[bytes, bytes] = {}
        self.body: list[bytes] = []
        self.transport: asyncio.Transport
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, though they do all that one does.
        self.transport = cast(asyncio.Transport, transport)
        self.open = True
        self.watch(+1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self.watch(-1)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None  # the route's own fault: to be seen, not to be answered
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.target = b""
        self.headers = {}
        self.body = []

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value
        if name.lower() == b"expect":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.route(self, self.parser.get_method(), self.target, b"".join(self.body))

    def write(self, data: bytes) -> None:
        if self.open:
            self.transport.write(data)


class Route(Protocol):
    """Answers one request by writing to its connection, now or later."""

    def __call__(self, connection: Connection, method: bytes, target: bytes, body: bytes, /) -> None: ...


def message(status: str, content_type: str, body: bytes) -> bytes:
    """A whole response, ready to write."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(route: Route, watch: Callable[[int], None], port: int) -> None:
    """Serves on loopback until cancelled, and prints the address as its first line."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(route, watch), "127.0.0.1", port, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()
