"""What a scripted model says, as plain data: the API it is asked through decides later how it looks on the wire."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypeAlias

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
class Failed(Broken):
    """The answer itself fails here: Responses end with `response.failed`. The other APIs know no more than `Broken`."""


@dataclass(frozen=True)
class ToolCall:
    """A call the model asks for. `pieces` is how many deltas its arguments are split over in a stream."""

    name: str
    arguments: str
    id: str | None = None
    """None: numbered by the answer it is in."""
    pieces: int = 3
    custom: bool = False
    """Of a custom tool: the arguments are its free-form input, no JSON."""

    @property
    def deltas(self) -> tuple[str, ...]:
        """The arguments in nearly equal pieces."""
        count = max(1, min(self.pieces, len(self.arguments)))
        cuts = [len(self.arguments) * i // count for i in range(count + 1)]
        return tuple(self.arguments[a:b] for a, b in pairwise(cuts))


Part: TypeAlias = str | Gate | Cut | Pause | Raw | Broken
"""A string is one delta of the text. The others happen between two deltas."""


@dataclass(frozen=True)
class Thought:
    """What the model thinks before it speaks, one delta a string."""

    words: tuple[str, ...]
    shown: Literal["summary", "text", "sealed"] = "summary"
    """In Responses: as a summary, as the reasoning's own text, or not at all. Sealed is redacted in Messages."""

    @property
    def text(self) -> str:
        return "".join(self.words)


@dataclass(frozen=True)
class Citation:
    """A source for the whole text: a page of the web, or a passage of a document that the request brought."""

    title: str
    url: str | None = None
    cited: str = ""
    document: int = 0


@dataclass(frozen=True)
class Choice:
    """One of the answers that a request for `n` of them gets."""

    parts: tuple[Part, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    refusal: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    thoughts: tuple[Thought, ...] = ()
    items: tuple[dict[str, Any], ...] = ()
    """What the provider's own tools did: output items of Responses, content blocks of Messages."""
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

    @property
    def trouble(self) -> Broken | None:
        """Where it breaks, if it does."""
        return next((part for part in self.parts if isinstance(part, Broken)), None)

    @property
    def happenings(self) -> tuple[Gate | Cut | Pause, ...]:
        """What happens between the headers and the body of an answer that is not streamed."""
        return tuple(part for part in self.parts if isinstance(part, Gate | Cut | Pause))


@dataclass(frozen=True)
class Cost:
    """Tokens, counted as OpenAI does: the prompt's have `cached` and `written` among them, the others `reasoning`."""

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class Spoken:
    """A model's whole answer."""

    choices: tuple[Choice, ...]
    cost: Cost | None = None
    """None: the words of the request's text, and the deltas of the answer."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Further top-level fields, such as ones that the API does not know."""

    @property
    def deltas(self) -> int:
        return sum(len(c.words) + len(c.refusal) + sum(len(call.deltas) for call in c.calls) for c in self.choices)
