"""A reply on its way down: a closable stream of chunks, read once. A whole answer is one chunk."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeAlias

from middleware.messages import Chunk, Completion

Headers: TypeAlias = Mapping[str, str]
Stage: TypeAlias = Callable[[AsyncIterator[Chunk]], AsyncIterator[Chunk]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a reply ended. `completion` is what the client was given, None where it saw no answer at all."""

    outcome: Literal["ok", "error", "cancelled"]
    completion: Completion | None


Observer: TypeAlias = Callable[[Ending], None]
Closer: TypeAlias = Callable[[], Awaitable[None]]


class Reply:
    """`status` and `headers` are known before the first chunk.

    Use as an async context manager, or call `aclose()`: closing closes the upstream. An `on_end` observer is called
    once, before the event that ends the reply leaves; it is synchronous and must not block.
    """

    __slots__ = ("_chunks", "_close", "_observers", "_on_failure", "edited", "headers", "status")

    def __init__(
        self,
        chunks: AsyncIterator[Chunk],
        *,
        status: int = 200,
        headers: Headers | None = None,
        close: Closer | None = None,
    ) -> None:
        self.status = status
        self.headers: Headers = headers or {}
        self.edited = False
        """Whether a stage was put over the chunks: what they say may then have to be settled."""
        self._chunks = chunks
        self._close = close
        self._observers: list[tuple[Observer, OnFailure | None]] = []
        self._on_failure: OnFailure | None = None

    @classmethod
    def of(cls, completion: Completion, *, status: int = 200, headers: Headers | None = None) -> Self:
        return cls(_replay([completion.chunk()]), status=status, headers=headers)

    @property
    def ok(self) -> bool:
        return self.status < 400

    def transform(self, stage: Stage) -> Self:
        """Pass the chunks through `stage`, an async generator function. An error reply passes by untouched."""
        if self.ok:
            chunks = self._chunks if self.edited else _unpacked(self._chunks)
            self.edited = True
            self._chunks = stage(chunks) if self._on_failure is None else _guarded(stage, chunks, self._on_failure)
        return self

    def guard(self, on_failure: "OnFailure | None") -> Self:
        """How stages and observers added from here on fail: `on_failure` gives the error to end the reply with, or
        None to go on without the stage. An observer that fails comes too late to end anything."""
        self._on_failure = on_failure
        return self

    def on_end(self, observer: Observer) -> Self:
        self._observers.append((observer, self._on_failure))
        return self

    def end(self, ending: Ending) -> None:
        """Tell the observers, the innermost step first. Called by whoever reads the reply to its end."""
        observers, self._observers = self._observers, []
        for observer, on_failure in observers:
            try:
                observer(ending)
            except Exception as error:
                if on_failure is None:
                    raise
                on_failure(error)

    async def collect(self) -> Completion:
        """Buffer to the end. A step that calls this declares `buffers = True`.

        What was buffered can be read again, so a step that only wanted to look returns the reply as it is; one that
        broke off breaks off again. Raises `EmptyReply` when nothing came, `NotAnAnswer` on an error reply.
        """
        if not self.ok:
            raise NotAnAnswer(f"the upstream answered {self.status}; look at `reply.ok` before `collect()`")
        chunks: list[Chunk] = []
        try:
            async for chunk in self._chunks:
                chunks.append(chunk)  # noqa: PERF401  # What came is kept where the next one does not come.
        except Exception as error:
            self._chunks = _replay(chunks, error)
            raise
        if not chunks:
            raise EmptyReply("the upstream's reply ended without a single chunk")
        if self.edited:
            chunks, self.edited = settled(chunks), False
        self._chunks = _replay(chunks)
        return type(chunks[0]).join(chunks)

    def instead(self, completion: Completion) -> Self:
        """This reply, its status, headers and observers, with `completion` as its one chunk."""
        self._chunks, self.edited = _replay([completion.chunk()]), False
        return self

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self._chunks.__aiter__()

    async def aclose(self) -> None:
        close, self._close = self._close, None
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class EmptyReply(Exception):
    """An upstream that answered with nothing."""


class NotAnAnswer(Exception):
    """An error reply was read as if it were an answer."""


OnFailure: TypeAlias = Callable[[Exception], Exception | None]


def settled(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks of an edited reply, consistent with each other."""
    settling = type(chunks[0]).settling()
    if settling is None:
        return list(chunks)
    return [ready for chunk in chunks for ready in settling.take(chunk)] + list(settling.rest())


async def _unpacked(chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
    """The chunks as steps may edit them."""
    unpacking, first = None, True
    async for chunk in chunks:
        if first:
            unpacking, first = type(chunk).unpacking(), False
        if unpacking is None:
            yield chunk
        else:
            for each in unpacking.take(chunk):
                yield each


async def _replay(chunks: Sequence[Chunk], error: Exception | None = None) -> AsyncIterator[Chunk]:
    for chunk in chunks:
        yield chunk
    if error is not None:
        raise error


async def _guarded(stage: Stage, source: AsyncIterator[Chunk], on_failure: OnFailure) -> AsyncIterator[Chunk]:
    """`stage` over `source`; when the stage itself fails, what it had taken but not given goes out as it came."""
    taken: list[Chunk] = []
    upstream_error: Exception | None = None

    async def watched() -> AsyncIterator[Chunk]:
        nonlocal upstream_error
        try:
            async for chunk in source:
                taken.append(chunk)
                yield chunk
        except Exception as error:
            upstream_error = error
            raise

    try:
        async for chunk in stage(watched()):
            taken.clear()
            yield chunk
    except Exception as error:
        if error is upstream_error:
            raise
        if failure := on_failure(error):
            raise failure from error
        for chunk in taken:
            yield chunk
        async for chunk in source:
            yield chunk
