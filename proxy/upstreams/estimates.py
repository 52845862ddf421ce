"""How many tokens a request has, where its provider cannot say: from what the same model counted in earlier calls."""

import re
from dataclasses import dataclass
from typing import Final

import orjson

from middleware.exchange import Exchange
from middleware.reply import Reply
from proxy.upstreams.single import Single
from proxy.wire.format import WireFormat, WireRequest

ESTIMATED: Final = frozenset({"count_tokens", "input_tokens"})
"""The routes that are answered so."""

_PRIOR_TOKENS: Final = 1000.0
_PRIOR_RATIO: Final = 4.0
"""Bytes per token of JSON with English text in it, about; the first few calls outweigh it."""
_MEMORY: Final = 0.98
_BLOB: Final = re.compile(rb'"(?:data:[^"]{0,200};base64,)?[A-Za-z0-9+/=_-]{1024,}"')
"""Images and files: their tokens have nothing to do with their bytes."""


class TokenEstimates:
    """Bytes of a request per token, by configured model."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def learn(self, model: str, size: int, tokens: int) -> None:
        """A request of `size` bytes had this many tokens, by the provider's count."""
        if tokens > 0:
            known, counted = self._seen.get(model, (_PRIOR_RATIO * _PRIOR_TOKENS, _PRIOR_TOKENS))
            self._seen[model] = (_MEMORY * known + size, _MEMORY * counted + tokens)

    def ratio(self, model: str) -> float:
        known, counted = self._seen.get(model, (_PRIOR_RATIO, 1.0))
        return known / counted


@dataclass(frozen=True, slots=True)
class Estimated:
    """The fact that tokens were estimated, and how."""

    tokens: int
    bytes_per_token: float


def estimated(exchange: Exchange, request: WireRequest, format: WireFormat, ratio: float) -> Reply:
    """The answer to a call that asks for a count. It says that it is an estimate."""
    size = len(_BLOB.sub(b'""', request.body))
    tokens = max(1, round(size / ratio))
    place = exchange.log.enter("estimate_tokens")
    exchange.log.record(place, Estimated(tokens, round(ratio, 2)))
    exchange.log.leave(place)
    answer: dict[str, str | int] = {"input_tokens": tokens}
    if request.api == "input_tokens":
        answer["object"] = "response.input_tokens"
    headers = {"x-burnish-estimate": f"the provider counts no tokens; {ratio:.2f} bytes per token, from earlier calls"}
    return Reply(Single(format.read_whole(orjson.dumps(answer))), headers=headers)
