"""uvicorn's HTTP protocol with two things more: deadlines for requests that trickle in, and word of a client's leaving.

A request that arrives in one piece, as nearly all do, costs no timer; and no task has to wait for each client to leave.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proxy.edge.client import CONNECTION, Connection


def with_deadlines(head: float, body: float) -> type[HttpToolsProtocol]:
    """A connection is closed when a request's head is not whole `head` seconds after its first byte, or its body
    `body` seconds later; and when it is opened and nothing comes."""

    class DeadlineProtocol(HttpToolsProtocol):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.client_side = Connection()
            self._in_head = True
            self._timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._timer = self.loop.call_later(head, self._too_slow)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.client_side.whole:
                if self._timer is not None:
                    self._stop_timer()
            elif self._timer is None:
                self._timer = self.loop.call_later(head if self._in_head else body, self._too_slow)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.client_side.whole = False
            self._in_head = True
            self.scope[CONNECTION] = self.client_side  # type: ignore[typeddict-unknown-key]  # a key of our own

        def on_headers_complete(self) -> None:
            self._in_head = False
            if self._timer is not None:
                self._stop_timer()
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self.client_side.whole = True
            super().on_message_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._stop_timer()
            super().connection_lost(exc)
            self.client_side.lost()

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _too_slow(self) -> None:
            self._timer = None
            self.transport.close()

    return DeadlineProtocol
