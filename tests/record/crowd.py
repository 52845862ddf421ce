"""A crowd of clients that call without pause, half of them streaming, and know which of their calls they saw finish."""

import asyncio
import random
from types import TracebackType
from typing import Final, Self

import aiohttp

from tests.support.proxy import CHAT, KEY, asking
from tests.support.upstream import Answer, Pause, Received, says

SIZE: Final = 200
_PATIENCE: Final = 60.0
_DONE: Final = b"data: [DONE]\n\n"


def staggered(request: Received) -> Answer:
    """An answer in four parts, each after a pause that the request's number decides."""
    draw = random.Random(request.number)
    pauses = [Pause(draw.uniform(0.0, 0.25)) for _ in range(4)]
    words = [f"{word} " for word in ("each", "word", "takes", "time")]
    return says(*[part for pair in zip(pauses, words, strict=True) for part in pair])(request)


class Crowd:
    """`async with Crowd(port) as crowd:` they begin to call; at the end of the block they have let go.

    Someone whose proxy is gone for good stops; someone whose call is cut off by a proxy that still listens calls again.
    """

    def __init__(self, port: int) -> None:
        self.finished: list[str] = []
        """Ids of the runs whose answer came whole: all of its body, or its `[DONE]`."""
        self.cut = 0
        """Calls that ended without their answer."""
        self.calling = 0
        self._url = f"http://127.0.0.1:{port}/v1/{CHAT}"
        self._progress = asyncio.Condition()
        self._leaving = False
        self._callers = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers={"authorization": f"Bearer {KEY}"}
        )
        await self._callers.__aenter__()
        for number in range(SIZE):
            self._callers.create_task(self._call_on(number))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        try:
            await self._callers.__aexit__(kind, raised, trace)
        finally:
            await self._client.close()

    async def has_finished(self, count: int) -> None:
        """Waits until so many calls have finished, with all of the crowd in the middle of another one."""
        async with self._progress, asyncio.timeout(_PATIENCE):
            await self._progress.wait_for(lambda: len(self.finished) >= count and self.calling == SIZE)

    async def _call_on(self, number: int) -> None:
        turn = number
        while not self._leaving:
            turn += 1
            self.calling += 1
            try:
                run_id = await (self._stream(number, turn) if turn % 2 else self._whole(number, turn))
            except aiohttp.ClientConnectorError:
                return
            except aiohttp.ClientError:
                self.cut += 1
            else:
                self.finished.append(run_id)
            finally:
                self.calling -= 1
            async with self._progress:
                self._progress.notify_all()

    async def _whole(self, number: int, turn: int) -> str:
        async with self._client.post(self._url, json=asking(f"caller {number}, call {turn}")) as response:
            # Raises when the body is shorter than it was said to be.
            body = await response.read()
            assert response.status == 200, body
            return response.headers["x-burnish-run-id"]

    async def _stream(self, number: int, turn: int) -> str:
        document = asking(f"caller {number}, call {turn}", stream=True)
        async with self._client.post(self._url, json=document) as response:
            assert response.status == 200, await response.read()
            tail = b""
            async for data in response.content.iter_any():
                tail = (tail + data)[-len(_DONE) :]
                if tail == _DONE:
                    return response.headers["x-burnish-run-id"]
            raise aiohttp.ClientPayloadError("the stream ended without its [DONE]")
