"""An answer coming in over HTTP: whole, or event by event, until it ends, breaks, falls silent or nobody wants it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Protocol

import aiohttp

from middleware.messages import Chunk
from proxy.errors import UpstreamBroke
from proxy.upstreams.attempts import Attempting
from proxy.upstreams.failures import Scrubber
from proxy.upstreams.patience import Patience
from proxy.wire.format import WireFormat
from proxy.wire.sse import DONE, EventReader, EventTooLarge

_LARGEST_WHOLE: Final = 64 * 1024 * 1024
_LARGEST_ERROR: Final = 64 * 1024
_REMEMBERED: Final = 8
"""Chunks to look for a finish_reason in, when a stream ends without [DONE]: usage and empty events may follow it."""


class Silence(Exception):
    """No byte came for the time that `timeout` allows."""


class Origin(Protocol):
    """What a transfer needs of the provider that it comes from."""

    scrub: Scrubber

    def ended(self) -> None:
        """The transfer takes no slot any more."""

    def linger(self, response: aiohttp.ClientResponse) -> None:
        """The answer is complete, and the HTTP body that held it about to end."""


class Transfer:
    """The body of one answer. It ends once, in `finish`, `_fail` or `abandon`, and then holds nothing any more."""

    __slots__ = ("_attempt", "_content", "_ended", "_origin", "_patience", "response")

    def __init__(
        self,
        attempt: Attempting,
        response: aiohttp.ClientResponse,
        patience: Patience,
        origin: Origin,
    ) -> None:
        self.response = response
        self._attempt = attempt
        self._content = response.content
        self._patience = patience
        self._origin = origin
        self._ended = False
        # The head is in. A stream's first byte is yet to come: many send the head before they begin to think.
        patience.pause()
        patience.on_expiry(self._fall_silent)

    async def whole(self) -> bytes:
        """The body; it is then the caller's to `finish`. Raises `UpstreamBroke`."""
        content = self._content
        self._patience.got()
        try:
            return content.read_nowait() if content.is_eof() else await self._read()
        except asyncio.CancelledError:
            self.abandon()
            raise
        except Exception as error:
            raise self._fail(error) from error

    async def error(self) -> bytes:
        """As much of an error's body as came and is worth reading."""
        content, patience = self._content, self._patience
        patience.got()
        body = bytearray()
        try:
            while len(body) < _LARGEST_ERROR:
                patience.wait()
                if not (received := await content.readany()):
                    break
                body += received
            return bytes(body[:_LARGEST_ERROR])
        except (aiohttp.ClientError, OSError, Silence):
            return bytes(body)
        except asyncio.CancelledError:
            self.abandon()
            raise
        finally:
            self._release(reusable=content.is_eof())

    async def chunks(self, format: WireFormat) -> AsyncIterator[Chunk]:
        """The events of a stream. Raises `UpstreamBroke` unless it ends in [DONE] or a final chunk, or cleanly after a
        finish_reason."""
        content, patience, reader = self._content, self._patience, EventReader()
        recent: deque[Chunk] = deque(maxlen=_REMEMBERED)
        broken: Exception | None = None
        try:
            while broken is None:
                patience.wait()
                try:
                    received = await content.readany()
                except (aiohttp.ClientError, OSError) as error:
                    broken, received = error, self._left_behind()
                    if not received:
                        break
                patience.got()
                for data in reader.feed(received) if received else reader.finish():
                    if data.startswith(DONE):
                        self.finish()
                        return
                    chunk = format.read_chunk(data)
                    recent.append(chunk)
                    yield chunk
                    if chunk.final:
                        self.finish()
                        return
                if not received:
                    break
            if broken is not None:
                raise broken
            if not any(delta.finish_reason for chunk in recent for delta in chunk.deltas):
                raise UpstreamBroke("the stream ended before the answer did")
            self.finish()
        except (aiohttp.ClientError, OSError, Silence, EventTooLarge, UpstreamBroke, ValueError) as error:
            raise self._fail(error) from error
        finally:
            self.abandon()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they come. Raises `UpstreamBroke`."""
        content, patience = self._content, self._patience
        try:
            while True:
                patience.wait()
                received = await content.readany()
                patience.got()
                if not received:
                    break
                yield received
            self.finish()
        except (aiohttp.ClientError, OSError, Silence) as error:
            raise self._fail(error) from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the connection at once, if the answer has not ended."""
        if not self._ended:
            self._attempt.abandoned()
            self._release(reusable=False)

    async def aclose(self) -> None:
        self.abandon()

    async def _read(self) -> bytes:
        content, patience = self._content, self._patience
        blocks: list[bytes] = []
        size = 0
        while True:
            patience.wait()
            block = await content.readany()
            patience.got()
            if not block:
                return b"".join(blocks)
            size += len(block)
            if size > _LARGEST_WHOLE:
                raise UpstreamBroke(f"it sent an answer of more than {_LARGEST_WHOLE // 2**20} MiB")
            blocks.append(block)

    def _left_behind(self) -> bytes:
        """What came before the connection broke: aiohttp keeps it, but raises the error first when it is asked."""
        return b"".join(getattr(self._content, "_buffer", ()))

    def _fall_silent(self) -> None:
        self._content.set_exception(Silence())

    def finish(self) -> None:
        """The answer is complete."""
        self._attempt.succeeded()
        self._release(reusable=True)

    def _fail(self, error: Exception) -> UpstreamBroke:
        """Ends the transfer; the answer is what the reader of the reply is told."""
        document = None
        if isinstance(error, UpstreamBroke):
            message = self._origin.scrub(str(error))
            document = self._origin.scrub.document(error.document) if error.document else None
        elif isinstance(error, Silence):
            message = f"the upstream fell silent for {self._patience.limit:g} s"
        elif isinstance(error, ValueError):
            message = "the upstream sent an event that cannot be read"
        elif isinstance(error, EventTooLarge):
            message = str(error)
        else:
            message = "the upstream cut the connection"
        if not self._ended:
            self._attempt.failed(message, fault=True)
            self._release(reusable=False)
        return UpstreamBroke(message, document)

    def _release(self, *, reusable: bool) -> None:
        if self._ended:
            return
        self._ended = True
        self._patience.end()
        self._origin.ended()
        if not reusable or self._content.exception() is not None:
            self.response.close()
        elif not self._content.is_eof():
            # [DONE] is in, but not yet the end of the body, which frees the connection. No client waits for it.
            self._origin.linger(self.response)
