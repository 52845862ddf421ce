"""What a step is: one signature, with the rest of the chain as an argument."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, ConfigDict

from middleware.exchange import Exchange
from middleware.reply import Reply

Handler: TypeAlias = Callable[[Exchange], Awaitable[Reply]]


@runtime_checkable
class Middleware(Protocol):
    """A step of the chain. It may change the request, answer in the upstream's place, or transform the reply.

    A class of this protocol is built as `Step(settings, services)`, with its own `Settings` class beside it. A step
    that needs the whole answer sets `buffers = True`, so that `burnish config check` can say which agents lose
    streaming. One that guards sets `skippable = False`, so that no call can ask to go without it, and `everywhere =
    True`, so that calls pass it which go past the rest of the chain, as text completions and embeddings do;
    `refuses_unread` then says whether routes that Burnish cannot read are closed to the agent.
    """

    async def __call__(self, exchange: Exchange, call_next: Handler, /) -> Reply: ...


class Settings(BaseModel):
    """Base of a step's settings: each YAML key is a field, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
