"""Steps and variants that the tests of the chain put before the model."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.protocol import Handler
from middleware.protocol import Settings as StepSettings
from middleware.reply import Ending, Reply
from middleware.services import Services
from proxy.wire.chat import ChatCompletion
from tests.support.upstream import Gate


@dataclass(frozen=True, slots=True)
class Shouted:
    word: str


class Shout:
    """Adds a word to the question, and ends each piece of the answer with a mark."""

    class Settings(StepSettings):
        word: str = "hey"
        mark: str = "!"

    def __init__(self, settings: "Shout.Settings", services: Services) -> None:
        self.settings = settings

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        exchange.record(Shouted(self.settings.word))
        reply = await call_next(exchange.with_request(exchange.request.with_message("user", self.settings.word)))
        return reply.transform(self.marked)

    async def marked(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            yield chunk.with_text(chunk.text + self.settings.mark) if chunk.text else chunk


class Breaks:
    """Fails where it is told to."""

    class Settings(StepSettings):
        where: str

    def __init__(self, settings: "Breaks.Settings", services: Services) -> None:
        self.where = settings.where

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        if self.where == "before":
            raise RuntimeError("before")
        reply = await call_next(exchange)
        if self.where == "after":
            raise RuntimeError("after")
        if self.where == "fact":
            exchange.record({"not": "a fact"})
        if self.where == "end":
            reply = reply.on_end(self.ended)
        return reply.transform(self.stage) if self.where == "within" else reply

    async def stage(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            if chunk.text:
                raise RuntimeError("within")
            yield chunk

    def ended(self, ending: Ending) -> None:
        raise RuntimeError("end")


class Answers:
    """Answers in the model's place, with an error where `status` is one, and watches over its own reply."""

    class Settings(StepSettings):
        status: int = 200

    held: Gate | None = None

    def __init__(self, settings: "Answers.Settings", services: Services) -> None:
        self.status = settings.status

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        if self.status >= 400:
            assert self.held is not None
            await self.held.wait()
            return Reply.of(ChatCompletion(b'{"error": {"message": "no"}}'), status=self.status)
        return Reply.of(exchange.request.answer("mine")).on_end(self.ended)

    def ended(self, ending: Ending) -> None:
        raise RuntimeError("end")


STEPS: dict[str, type[Any]] = {"shout": Shout, "breaks": Breaks, "answers": Answers}
VARIANTS: dict[str, Any] = {
    "terse": {
        "instructions": {"append": ["Be brief.", "Be kind."]},
        "model": "large",
        "sampling": {"temperature": 0, "top_p": 0.5, "max_tokens": 9, "seed": 7},
        "steps": {"shout": {"word": "ho"}},
    },
    "quiet": {"steps": {"shout": {"enabled": False}}},
}
MODELS = {
    "small": {"provider": "local", "model": "small-instruct"},
    "large": {"provider": "local", "model": "large-instruct"},
}


def agent(policy: Any, **more: Any) -> dict[str, Any]:
    steps = [{"variant_routing": {"policy": policy}}, {"shout": {"word": "hey"}}, "tool_outcomes"]
    return {"variants": VARIANTS, "middleware": steps, **more}
