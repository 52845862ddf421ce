"""A client of the ASGI application itself: no socket, so that a test can afford thousands of calls."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from proxy.edge.client import Scope
from tests.support.proxy import CHAT, KEY, Proxy

_PATIENCE: Final = 10.0
"""Seconds after which a call is taken to hang."""


@dataclass
class Heard:
    """What the application sent."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def events(self) -> list[bytes]:
        """The data of a stream's events; a stream ends in a blank line."""
        *blocks, rest = self.body.split(b"\n\n")
        assert rest == b"", f"the stream ends within an event: {rest!r}"
        return [block.removeprefix(b"data: ") for block in blocks if not block.startswith(b":")]

    def json(self) -> Any:
        return json.loads(self.body)


class AsgiClient:
    """Calls the application of a proxy, as the server would. `watching` is called whenever it is about to send."""

    def __init__(self, proxy: Proxy, watching: Callable[[Mapping[str, Any]], None] = lambda message: None) -> None:
        self._app = proxy.server.config.loaded_app
        self._watching = watching

    async def ask(
        self,
        body: bytes,
        *,
        headers: Sequence[tuple[str, bytes]] = (),
        target: str = f"/v1/{CHAT}",
        method: str = "POST",
        pieces: int = 1,
    ) -> Heard:
        """Header names are in lower case; a key comes with them unless they name one."""
        if not any(name in ("authorization", "x-api-key", "api-key") for name, _ in headers):
            headers = [("authorization", f"Bearer {KEY}".encode()), *headers]
        path, _, query = target.partition("?")
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": [(name.encode("latin-1"), value) for name, value in headers],
        }
        size = max(1, -(-len(body) // pieces))
        parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        heard = Heard()

        async def receive() -> dict[str, Any]:
            if parts:
                return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        async def send(message: Mapping[str, Any]) -> None:
            self._watching(message)
            assert not heard.ended, "something was sent after the end"
            if message["type"] == "http.response.start":
                assert not heard.status, "two answers to one request"
                heard.status = message["status"]
                heard.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            else:
                heard.body += message["body"]
                heard.ended = not message.get("more_body", False)

        async with asyncio.timeout(_PATIENCE):
            await self._app(scope, receive, send)
        return heard
