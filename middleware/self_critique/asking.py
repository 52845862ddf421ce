"""Calls to a model for a critique, within what it may take."""

from typing import Final

from middleware.exchange import Exchange
from middleware.messages import ChatRequest, Completion
from middleware.protocol import Handler
from policies.retrieval.selection import about_tokens

_FRAME: Final = 1.5
"""How much longer than the answer before it a revision may become, for what is expected of it."""
_REFUSALS: Final = frozenset({400, 404, 422, 501})


class NotAsked(Exception):
    """No answer was to be had; the message says why."""


class Refused(NotAsked):
    """The provider takes no such request."""


class Purse:
    """What a critique may spend, and has. Providers count; where one does not, about four bytes are a token."""

    def __init__(self, model: Handler, exchange: Exchange, tokens: int) -> None:
        self._model = model
        self._exchange = exchange
        self._limit = tokens
        self._asides = len(exchange.asides)
        self.tokens = 0

    @property
    def cost_usd(self) -> float | None:
        """None where nothing asked so far has a known price."""
        costs = [aside.cost_usd for aside in self._exchange.asides[self._asides :] if aside.cost_usd is not None]
        return sum(costs) if costs else None

    async def ask(self, request: ChatRequest, expected: int) -> Completion:
        """An answer; `expected`: how many tokens it may have. Raises `NotAsked`."""
        body = request.body.decode(errors="replace")
        if self.tokens + about_tokens(body) + expected > self._limit:
            raise NotAsked(f"the budget of {self._limit} tokens has no room for another call")
        try:
            async with await self._model(self._exchange.with_request(request)) as reply:
                if not reply.ok:
                    kind = Refused if reply.status in _REFUSALS else NotAsked
                    raise kind(f"the model answered {reply.status}")
                completion = await reply.collect()
        except NotAsked:
            raise
        # Whatever becomes of a call of our own, the agent has its answer already.
        except Exception as error:
            kind = Refused if getattr(error, "status", None) in _REFUSALS else NotAsked
            raise kind(f"the model failed: {type(error).__name__}: {error}") from error
        usage = completion.usage
        counted = usage.input + usage.output if usage is not None else 0
        self.tokens += counted or about_tokens(body) + about_tokens(completion.text)
        return completion


def expected_of(request: ChatRequest, answer: str) -> int:
    """How many tokens an answer like this one may have, where the client sets no limit."""
    return request.max_tokens or round(_FRAME * about_tokens(answer)) + 100
