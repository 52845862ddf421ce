"""What a scripted model says, as plain data: the API it is asked through decides later how it looks on the wire."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from tests.support.upstream.answer import Cut, Pause
from tests.support.upstream.gate import Gate


@dataclass(frozen=True)
class Raw:
    """Bytes put into the stream as they are, between two events: a comment, a ping, rubbish."""

    data: bytes


@dataclass(frozen=True)
class Broken:
    """An error event in mid-stream, after which nothing more comes."""

    message: str = "The server had an error while processing your request."
    type: str = "server_error"
    code: str | None = None


@dataclass(frozen=True)
class ToolCall:
    """A call the model asks for. `pieces` is how many deltas its arguments are split over in a stream."""

    name: str
    arguments: str
    id: str | None = None
    """None: numbered by the answer it is in."""
    pieces: int = 3

    @property
    def deltas(self) -> tuple[str, ...]:
        """The arguments in nearly equal pieces."""
        count = max(1, min(self.pieces, len(self.arguments)))
        cuts = [len(self.arguments) * i // count for i in range(count + 1)]
        return tuple(self.arguments[a:b] for a, b in pairwise(cuts))


Part: TypeAlias = str | Gate | Cut | Pause | Raw | Broken
"""A string is one delta of the text. The others happen between two deltas."""


@dataclass(frozen=True)
class Choice:
    """One of the answers that a request for `n` of them gets."""

    parts: tuple[Part, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    refusal: tuple[str, ...] = ()
    annotations: tuple[dict[str, Any], ...] = ()
    finish_reason: str | None = None
    """None: "tool_calls" when there are calls, else "stop"."""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(part for part in self.parts if isinstance(part, str))

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def ending(self) -> str:
        return self.finish_reason or ("tool_calls" if self.calls else "stop")


@dataclass(frozen=True)
class Spoken:
    """A model's whole answer."""

    choices: tuple[Choice, ...]
    tokens: tuple[int, int] | None = None
    """Prompt and completion tokens. None: the words of the request's text, and the deltas of the answer."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Further top-level fields, such as ones that the API does not know."""

    @property
    def deltas(self) -> int:
        return sum(len(c.words) + len(c.refusal) + sum(len(call.deltas) for call in c.calls) for c in self.choices)
