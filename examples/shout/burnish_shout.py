"""A step that makes the model shout: an example of a plugin, and of a transform that holds nothing back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from burnish import Chunk, Ending, Exchange, Handler, Reply, Services, Settings


@dataclass(frozen=True, slots=True)
class Shouted:
    """How many letters were raised. A fact of the run: `burnish show` prints it under the step."""

    letters: int


class ShoutSettings(Settings):
    """The keys of the step in the YAML."""

    suffix: str = "!"
    """What each answer ends with."""


class Shout:
    """Writes answers in capitals, piece by piece as they come. Tool calls and errors pass untouched."""

    Settings = ShoutSettings

    def __init__(self, settings: ShoutSettings, services: Services) -> None:
        self._suffix = settings.suffix

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        reply = await call_next(exchange)

        def ended(ending: Ending) -> None:
            if ending.completion is not None:
                exchange.record(Shouted(sum(map(str.isalpha, ending.completion.text))))

        return reply.transform(self._raise).on_end(ended)

    async def _raise(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            yield self._raised(chunk)

    def _raised(self, chunk: Chunk) -> Chunk:
        raised = chunk
        for delta in chunk.deltas:
            text = delta.text.upper() + (self._suffix if delta.finish_reason == "stop" else "")
            if text != delta.text:
                raised = raised.with_text(text, delta.choice)
        return raised
