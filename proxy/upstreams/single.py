"""The chunks of a whole answer: one. Cheaper than an async generator, which an event loop keeps a register of."""

from middleware.messages import Chunk


class Single:
    """An async iterator of one chunk, read once."""

    __slots__ = ("_chunk",)

    def __init__(self, chunk: Chunk) -> None:
        self._chunk: Chunk | None = chunk

    def __aiter__(self) -> "Single":
        return self

    async def __anext__(self) -> Chunk:
        chunk, self._chunk = self._chunk, None
        if chunk is None:
            raise StopAsyncIteration
        return chunk
