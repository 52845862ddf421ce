"""uvicorn's HTTP protocol with a deadline for a request's head: slow clients cannot hold connections for ever."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def with_head_deadline(seconds: float) -> type[HttpToolsProtocol]:
    """From the first byte of a connection, or of a later request on it, the head must be whole within `seconds`."""

    class DeadlineProtocol(HttpToolsProtocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._deadline = self.loop.call_later(seconds, self._too_slow)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self._too_slow)

        def on_headers_complete(self) -> None:
            self._head_is_here()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_is_here()
            super().connection_lost(exc)

        def _head_is_here(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            self._deadline = None
            self.transport.close()

    return DeadlineProtocol
