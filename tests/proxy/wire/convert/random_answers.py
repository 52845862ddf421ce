"""Random answers in no API's words, and what of them some APIs can all express."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from hypothesis import strategies as st

from proxy.wire.convert.pieces import Api, Reason

T = TypeVar("T")

APIS: Final[tuple[Api, ...]] = ("chat", "responses", "messages")
PAIRS: Final = [(source, target) for source in APIS for target in APIS if source != target]


@dataclass(frozen=True)
class Thought:
    text: str
    seal: str = ""


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Called:
    id: str
    name: str
    arguments: str


Part: TypeAlias = Thought | Said | Called


@dataclass(frozen=True)
class Tokens:
    """`input` and `output` are all there were."""

    input: int
    output: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class Answer:
    parts: tuple[Part, ...]
    reason: Reason = "stop"
    refusal: str = ""
    tokens: Tokens | None = None
    model: str = "small"


_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def arguments(draw: st.DrawFn) -> str:
    """An object, as some model may write it."""
    values = draw(st.dictionaries(st.text(), _VALUES, max_size=3))
    return json.dumps(values, ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.just(1)))


_SAID: Final = st.builds(Said, st.text(min_size=1))
_THOUGHT: Final = st.builds(Thought, st.text(), st.text("abc=/+")).filter(lambda thought: thought != Thought(""))
_CALLED: Final = st.builds(Called, st.just(""), st.text("fg", min_size=1), arguments())


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    fresh, cached, written, said, reasoning = (draw(st.integers(0, 1000)) for _ in range(5))
    return Tokens(fresh + cached + written, said + reasoning, cached, written, reasoning)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    parts = draw(st.lists(_SAID | _THOUGHT | _CALLED, max_size=5))
    parts = [replace(part, id=f"call_{n}") if isinstance(part, Called) else part for n, part in enumerate(parts)]
    reason: Reason = draw(st.sampled_from(["stop", "length", "content_filter"]))
    if reason == "stop" and any(isinstance(part, Called) for part in parts):
        reason = "tool_calls"
    refusal = draw(st.text()) if reason == "content_filter" else ""
    return Answer(tuple(parts), reason, refusal, draw(tokens()))


def told_by_all(answer: Answer, *apis: Api) -> Answer:
    """Chat completions has one text, one thought without a seal, and does not say what came first."""
    if "chat" not in apis:
        return answer
    thought = "".join(part.text for part in answer.parts if isinstance(part, Thought))
    said = "".join(part.text for part in answer.parts if isinstance(part, Said))
    calls = [part for part in answer.parts if isinstance(part, Called)]
    return replace(answer, parts=(*[Thought(thought)] * bool(thought), *[Said(said)] * bool(said), *calls))


def side_by_side(draw: st.DrawFn, tracks: Sequence[Sequence[T]]) -> list[T]:
    """The items of all tracks, each track in its order, and no track begun before the one in front of it."""
    rest = [list(track) for track in tracks if track]
    told: list[T] = []
    begun = 0
    while any(rest):
        going = [number for number, track in enumerate(rest) if track and number <= begun]
        number = draw(st.sampled_from(going))
        begun = max(begun, number + 1)
        told.append(rest[number].pop(0))
    return told
