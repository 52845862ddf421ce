"""uvicorn's HTTP protocol with deadlines, bounds and clear errors for what arrives, and word of a client's leaving.

A request that arrives in one piece, as nearly all do, costs no timer; and no task has to wait for each client to leave.
"""

import asyncio
import logging
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proxy.edge.client import CONNECTION, Connection
from proxy.errors import ApiError, BadRequest
from proxy.serve.refusal import without_upgrade, written

log = logging.getLogger("burnish.serve")

_LONGEST_HEAD: Final = 64 * 1024
_LONGEST_TARGET: Final = 8 * 1024
_FIRST_WORD: Final = 1.0
"""Seconds that the application has to refuse a slow body itself, before the connection does."""
_LINGER: Final = 2.0
"""Seconds for which a refused client may still send: were the connection closed at once, it would lose the answer."""


def with_deadlines(head: float, body: float) -> type[HttpToolsProtocol]:
    """A request is refused when its head is not whole `head` seconds after its first byte, or its body `body` seconds
    later. A connection that is opened and says nothing is closed."""

    class DeadlineProtocol(HttpToolsProtocol):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.client_side = Connection()
            self._in_head = True
            self._deaf = False
            self._piece = self._first = self._later = 0
            self._refusal: ApiError | None = None
            self._timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._timer = self.loop.call_later(head, self._too_slow)

        def data_received(self, data: bytes) -> None:
            if self._deaf:
                return
            self._unset_keepalive_if_required()
            self._piece = len(data)
            if self._in_head:
                self._later += self._piece
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                self._stay_with_http(data[upgrade.args[0] :])
                return
            except httptools.HttpParserError as error:
                self._refuse(self._refusal or _not_http(error))
                return
            if self._in_head and self._later > _LONGEST_HEAD:
                self._refuse(_head_too_large())
            elif self.client_side.whole:
                if self._timer is not None:
                    self._stop_timer()
            elif self._timer is None:
                self._timer = self.loop.call_later(head if self._in_head else body + _FIRST_WORD, self._too_slow)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.client_side.whole = False
            self._in_head = True
            # The head began somewhere in the piece that is being read.
            self._first, self._later = self._piece, 0
            self.scope[CONNECTION] = self.client_side  # type: ignore[typeddict-unknown-key]  # a key of our own

        def on_headers_complete(self) -> None:
            if self._first + self._later > _LONGEST_TARGET:
                self._measure()
            if self.parser.should_upgrade():
                return  # The parser stops here, and `data_received` goes on without the upgrade.
            super().on_headers_complete()
            self.headers = []  # Those after the body, if any, are not the request's.
            self._in_head = False
            if self._timer is not None:
                self._stop_timer()

        def on_message_complete(self) -> None:
            if self._in_head:
                return  # An upgrade, see above.
            self.client_side.whole = True
            super().on_message_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._stop_timer()
            super().connection_lost(exc)
            self.client_side.lost()

        def _measure(self) -> None:
            """Raises what refuses a head that is too large."""
            if len(self.url) > _LONGEST_TARGET:
                message = f"the request's target has more than {_LONGEST_TARGET // 1024} KiB; shorten its path or query"
                self._refusal = ApiError(414, message, code="target_too_long")
            elif len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > _LONGEST_HEAD:
                self._refusal = _head_too_large()
            if self._refusal is not None:
                raise self._refusal

        def _stay_with_http(self, rest: bytes) -> None:
            """Read the same request again as one that asks for no upgrade: a server may ignore that wish."""
            method = self.parser.get_method()
            if method == b"CONNECT":
                self._refuse(ApiError(501, "CONNECT is not served here; call the API directly", code="not_implemented"))
                return
            again = without_upgrade(method, self.url, self.parser.get_http_version(), self.headers)
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # As uvicorn has it.
            self.data_received(again + rest)

        def _refuse(self, error: ApiError) -> None:
            """Tell the client that what came is no request, unless an answer is under way; nothing more is read."""
            self._deaf = True
            self._stop_timer()
            log.debug("a request was refused: %s", error.message)
            call = self.cycle if self.cycle is not None and not self.cycle.response_complete else None
            if self._in_head and call is not None:
                call.keep_alive = False  # The calls before this one are answered; then the connection ends.
            elif self._in_head or (call is not None and not call.response_started and not self.pipeline):
                if call is not None:
                    call.disconnected = True
                    call.message_event.set()
                self.flow.resume_reading()
                self.transport.write(written(error))
                self.transport.write_eof()
                self._timer = self.loop.call_later(_LINGER, self.transport.close)
            else:
                self.transport.close()

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _too_slow(self) -> None:
            self._timer = None
            if self._in_head and not self._first + self._later:
                self.transport.close()
            elif self.pipeline:
                self._timer = self.loop.call_later(body, self._too_slow)  # It is not read before its turn.
            else:
                what, limit = ("head", head) if self._in_head else ("body", body)
                message = f"the request's {what} did not arrive within {limit:g} s"
                self._refuse(ApiError(408, message, code="request_timeout"))

    return DeadlineProtocol


def _not_http(error: httptools.HttpParserError) -> ApiError:
    if isinstance(error, httptools.HttpParserCallbackError | httptools.HttpParserInvalidURLError):
        return BadRequest("the request's target cannot be read; percent-encode it", code="invalid_http")
    return BadRequest(f"the request is not valid HTTP/1.1: {error}", code="invalid_http")


def _head_too_large() -> ApiError:
    return ApiError(
        431,
        f"the request's head has more than {_LONGEST_HEAD // 1024} KiB; send fewer or shorter headers",
        code="head_too_large",
    )
