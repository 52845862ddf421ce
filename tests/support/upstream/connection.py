"""One connection to the upstream: reads requests, writes answers step by step, and notices when the client leaves."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import h11

from tests.support.upstream.answer import Answer, Cut, Pause, Step
from tests.support.upstream.gate import Gate
from tests.support.upstream.memory import Memory
from tests.support.upstream.received import Received


class _CutHere(Exception):
    """The script says to break the connection."""


class Connection:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
        numbers: Iterator[int],
        memory: Memory,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._number = number
        self._numbers = numbers
        self._memory = memory
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=1024 * 1024)

    async def serve(self, answer: Callable[[Received], Answer]) -> None:
        """Until the client closes, or an answer breaks the connection."""
        try:
            while (request := await self._next_request()) is not None:
                if not await self._answer_unless_client_leaves(request, answer(request)):
                    return
                if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except (_CutHere, ConnectionError):
            return
        except h11.RemoteProtocolError as problem:
            await self._refuse(problem)
        finally:
            self._writer.close()

    async def _next_request(self) -> Received | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            match self._http.next_event():
                case h11.NEED_DATA:
                    if self._http.they_are_waiting_for_100_continue:
                        self._send(h11.InformationalResponse(status_code=100, headers=[]))
                    self._http.receive_data(await self._reader.read(65536))
                case h11.Request() as head:
                    pass
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage() if head is not None:
                    return Received(
                        number=next(self._numbers),
                        method=head.method.decode(),
                        target=head.target.decode("latin-1"),
                        headers=tuple(head.headers.raw_items()),
                        body=bytes(body),
                        received_at=time.monotonic(),
                        connection=self._number,
                        memory=self._memory,
                    )
                case _:
                    return None

    async def _answer_unless_client_leaves(self, request: Received, answer: Answer) -> bool:
        """Whether the whole answer was written."""
        writing = asyncio.ensure_future(self._write(request, answer))
        watching = asyncio.ensure_future(self._until_client_leaves())
        await asyncio.wait({writing, watching}, return_when=asyncio.FIRST_COMPLETED)
        written = writing.done()
        for task in (writing, watching):
            task.cancel()
        outcome, _ = await asyncio.gather(writing, watching, return_exceptions=True)
        if isinstance(outcome, _CutHere):
            raise outcome
        if not written or isinstance(outcome, ConnectionError):
            request.left.open()
            return False
        if outcome is not None:
            raise outcome
        request.answered.open()
        return True

    async def _until_client_leaves(self) -> None:
        while data := await self._reader.read(65536):
            self._http.receive_data(data)  # the next request, sent early

    async def _write(self, request: Received, answer: Answer) -> None:
        await self._perform(answer.before_headers, self._writer.write)
        headers = [*answer.headers, ("x-request-id", f"req_{request.number}")]
        if not answer.streamed:
            headers.append(("content-length", str(sum(len(step) for step in answer.steps if isinstance(step, bytes)))))
        self._send(h11.Response(status_code=answer.status, headers=headers))
        if request.method != "HEAD":
            await self._perform(answer.steps, lambda data: self._send(h11.Data(data=data)))
        self._send(h11.EndOfMessage())
        await self._writer.drain()

    async def _perform(self, steps: Iterable[Step], write: Callable[[bytes], None]) -> None:
        for step in steps:
            match step:
                case bytes():
                    write(step)
                    await self._writer.drain()
                case Gate():
                    await step.wait()
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Cut(reset):
                    self._break(reset)

    def _break(self, reset: bool) -> None:
        if reset:
            # Closing with a linger time of zero makes the kernel send RST.
            self._writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self._writer.transport.abort()
        raise _CutHere

    def _send(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            self._writer.write(data)

    async def _refuse(self, problem: h11.RemoteProtocolError) -> None:
        """Answers what is not HTTP, unless that is only a request whose sender left in the middle of it."""
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not self._reader.at_eof():
            headers = [("content-length", "0"), ("connection", "close")]
            self._send(h11.Response(status_code=problem.error_status_hint, headers=headers))
            with suppress(ConnectionError):
                await self._writer.drain()
