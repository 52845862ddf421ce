"""An HTTP client that hides nothing: it sends the bytes it is given, and sees where each write of the server ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.support.proxy import KEY

CHAT: Final = "/v1/chat/completions"


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def ask(self, document: Any, *headers: tuple[str, str], target: str = CHAT, key: str | None = KEY) -> None:
        """Sends a POST with the `headers` as they are, which may repeat, beside those that every client sends."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        lines = [("Host", "proxy"), ("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]
        if key is not None:
            lines.append(("Authorization", f"Bearer {key}"))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        self.send(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)

    async def head(self) -> tuple[int, list[tuple[str, str]]]:
        """Status and header lines, names in lower case."""
        status = int((await self._reader.readline()).split()[1])
        headers = []
        while line := (await self._reader.readline()).decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        return status, headers

    async def frame(self) -> bytes:
        """The next chunk of a body sent in chunks: what the server handed over in one piece. b"" at its end."""
        size = int((await self._reader.readline()).strip(), 16)
        data = await self._reader.readexactly(size)
        assert await self._reader.readline() == b"\r\n"
        return data

    async def frames(self) -> list[bytes]:
        """All chunks up to the end of the body."""
        found = []
        while data := await self.frame():
            found.append(data)
        return found

    async def body(self, headers: list[tuple[str, str]]) -> bytes:
        """A body whose length the headers tell."""
        return await self._reader.readexactly(int(dict(headers)["content-length"]))

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        return await self._reader.read()

    def leave(self) -> None:
        """Closes the connection, whatever is under way."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(port: int, *, buffer: int | None = None) -> AsyncIterator[Wire]:
    """`buffer` is how many bytes the connection takes before anybody reads them, roughly."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=buffer or 2**16)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
