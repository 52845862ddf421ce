"""What an answer is made of, in no API's words: what one API's reader finds in it, and another's writer tells.

An answer consists of parts: a text, a thought, a refusal, a tool call. Pieces say which part they belong to by a number
that is the part's own in this answer; the parts come in the order in which their first pieces do, and may be told side
by side. A whole answer is the same pieces, only larger.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from proxy.wire.convert.conversation import Seal

Api: TypeAlias = Literal["chat", "responses", "messages"]

Reason: TypeAlias = Literal["stop", "length", "content_filter", "tool_calls"]
"""Why a model stopped. `tool_calls` wherever it calls a tool and nothing cut it short."""


CallKind: TypeAlias = Literal["function", "custom", "search"]


class TopToken(msgspec.Struct, frozen=True):
    token: str
    logprob: float
    bytes: list[int] | None = None


class Token(msgspec.Struct, frozen=True):
    """One token with its log probability, as chat and Responses both write it."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[TopToken] = []


class Started(msgspec.Struct, frozen=True):
    """The first piece, and the only one that must be there."""

    model: str


class Text(msgspec.Struct, frozen=True):
    part: int
    text: str
    tokens: list[Token] | None = None


class Cited(msgspec.Struct, frozen=True):
    """A page that a text rests on: the characters from `start` to `end` of all the answer's text."""

    part: int
    url: str
    title: str
    start: int
    end: int


class Refusal(msgspec.Struct, frozen=True):
    part: int
    text: str


class Thought(msgspec.Struct, frozen=True):
    """Reasoning that may be read."""

    part: int
    text: str


class Sealed(msgspec.Struct, frozen=True):
    """A thought as only its model can read it; all there is of the thought, where no `Thought` is of the same part."""

    part: int
    seal: Seal


class Called(msgspec.Struct, frozen=True):
    """A tool call begins. A `custom` tool takes free text, and no JSON; a `search` is for tools."""

    part: int
    id: str
    name: str
    kind: CallKind = "function"
    namespace: str | None = None


class Arguments(msgspec.Struct, frozen=True):
    """More of a call's arguments, or of its input, exactly as the model wrote them."""

    part: int
    text: str


class Done(msgspec.Struct, frozen=True):
    """A part is complete."""

    part: int


class Finished(msgspec.Struct, frozen=True):
    """Nothing follows but usage. `sequence`: the stop sequence that was met, where that is known."""

    reason: Reason
    sequence: str | None = None
    tier: str | None = None


class Spent(msgspec.Struct, frozen=True):
    """Tokens. `cached` and `written` (to the cache) are parts of `input`, `reasoning` is part of `output`."""

    input: int
    output: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


Piece: TypeAlias = Started | Text | Cited | Refusal | Thought | Sealed | Called | Arguments | Done | Finished | Spent

_TOKEN_BITS: Final = 40


def spent(input: int, output: int, cached: int, written: int, reasoning: int) -> Spent | None:
    """None for what cannot be: negative counts, or more than any model reads."""
    if (input | output | cached | written | reasoning) >> _TOKEN_BITS:
        return None
    return Spent(input, output, cached, written, reasoning)
