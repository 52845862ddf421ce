"""Random conversations that two APIs can both express; `told` puts them in the words of each.

What a pair of APIs can both express is what these strategies draw for it, and nothing else:

- All: instructions, then turns; texts, images by URL or data, files by data; reasoning as text before tool calls, where
  the upstream takes back reasoning that it did not sign; parallel calls, each with its result; functions, with schemas
  to the letter; a choice of all tools, none, any or one; temperature, top_p, a limit, a schema for the answer, effort,
  service tier, a user, and whether to stream.
- Chat and Responses alone: refusals, levels of detail, files by id, cache breakpoints, turns of the same role in a row,
  instructions anywhere, other formats of the answer, verbosity, log probabilities, metadata and the rest of `_openai`.
- Responses and Messages alone: images and files in results, files by URL, reasoning before words.
- With Messages, of chat and Responses: turns alternate, begin and end with the user's; texts are not blank;
  instructions after the first turn stand between a user's and the model's, for models that take them; arguments are an
  object; a schema is strict and has the name that is made up for it; temperature is at most 1, and goes with no
  effort; effort is a level, for a model that decides itself how much it thinks, and is not forced to call a tool.

Normal forms, where there are two ways to say the same: one text is a string and not a list of one part; the first
instructions are `instructions` where they are one text; `developer` is written as `system`; `detail` is there in
Responses and left out in chat where it is auto; `strict` likewise where it is false; items of Responses have no ids.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from hypothesis import strategies as st

from proxy.wire.convert.conversation import Base64, CacheMark, Document, FileId, Image, Part, Refusal, Text, Url
from proxy.wire.convert.pieces import Api

Settings: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: str
    result: tuple[Part, ...]


@dataclass(frozen=True)
class Turn:
    """What a user, or the developer (`system`), or the model says; the model's may have thoughts and calls."""

    role: str
    parts: tuple[Part, ...]
    thought: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Function:
    name: str
    description: str | None
    schema: msgspec.Raw
    strict: bool


@dataclass(frozen=True)
class Talk:
    model: str
    instructions: tuple[Part, ...]
    turns: tuple[Turn, ...]
    tools: tuple[Function, ...]
    settings: Settings


OTHERS_MODEL: Final = "small-instruct"
CLAUDE: Final = "claude-opus-4-8"

_WORDS = st.text(min_size=1, max_size=8)
_SAID = _WORDS.filter(lambda text: text.strip() != "")
_IDS = st.text("abcXYZ019_-", min_size=1, max_size=12)
_NAMES = st.text("abcxyz_", min_size=1, max_size=8)
_BASE64 = st.binary(max_size=9).map(lambda data: base64.b64encode(data).decode())
_HTTP = st.text("abc/.?=&", max_size=8).map(lambda path: f"https://example.com/{path}")


def _object(fields: dict[str, str]) -> str:
    return "{" + ",  ".join(f"{msgspec.json.encode(name).decode()} :{value}" for name, value in fields.items()) + "}"


# Numbers as people write them: what passes through must not be written anew.
_NUMBERS = st.sampled_from(["0", "1", "1.0", "1.00", "1e2", "-0.0", "123456789012345678901234567890", "0.1000"])
_LEAVES = (
    _NUMBERS | st.sampled_from(["null", "true", '""']) | _WORDS.map(lambda text: msgspec.json.encode(text).decode())
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[ {', '.join(items)}]")
        | st.dictionaries(_WORDS, inner, max_size=3).map(_object)
    ),
    max_leaves=6,
)


_OBJECTS = st.dictionaries(_WORDS, _JSON, max_size=3).map(_object)


def _openai(pair: frozenset[Api]) -> bool:
    return "messages" not in pair


def _texts(pair: frozenset[Api]) -> st.SearchStrategy[Part]:
    if not _openai(pair):
        return _SAID.map(Text)
    marks = st.none() | st.builds(CacheMark, st.just("openai"), st.sampled_from([None, "30m"]))
    return st.builds(Text, _WORDS, marks)


def _images(pair: frozenset[Api]) -> st.SearchStrategy[Part]:
    media = st.sampled_from(["image/png", "image/jpeg"])
    detail = st.sampled_from([None, "low", "high"]) if _openai(pair) else st.none()
    return st.builds(Image, st.builds(Url, _HTTP) | st.builds(Base64, media, _BASE64), detail)


def _files(pair: frozenset[Api]) -> st.SearchStrategy[Part]:
    source: st.SearchStrategy[Any] = st.builds(Base64, st.just("application/pdf"), _BASE64)
    if _openai(pair):
        source |= st.builds(FileId, _IDS, st.just("openai"))
    elif "chat" not in pair:
        source |= st.builds(Url, _HTTP)
    return st.builds(Document, source, _NAMES)


def _parts(part: st.SearchStrategy[Part]) -> st.SearchStrategy[tuple[Part, ...]]:
    return st.lists(part, min_size=1, max_size=3).map(tuple)


def _results(pair: frozenset[Api]) -> st.SearchStrategy[tuple[Part, ...]]:
    part = _texts(pair)
    if "chat" not in pair:
        part |= _images(pair) | _files(pair)
    return st.just(()) | _parts(part)


@st.composite
def _answers(draw: st.DrawFn, pair: frozenset[Api], ids: list[str], *, must_speak: bool) -> Turn:
    said = _SAID.map(Text) if not _openai(pair) else _WORDS.map(Text) | _WORDS.map(Refusal)
    calls = draw(st.lists(st.tuples(_NAMES, _OBJECTS, _results(pair)), max_size=3))
    found = []
    for name, arguments, result in calls:
        ids.append(f"call_{len(ids)}_{draw(_IDS)}")
        text = draw(st.just(arguments) | _WORDS) if _openai(pair) else arguments
        found.append(Call(ids[-1], name, text, result))
    parts = draw(_parts(said) if must_speak or not found else st.just(()) | _parts(said))
    thinks = found or "chat" not in pair
    thought = draw(st.just("") | _SAID) if thinks else ""
    return Turn("assistant", parts, thought, tuple(found))


@st.composite
def _turns(draw: st.DrawFn, pair: frozenset[Api], *, late: bool) -> tuple[Turn, ...]:
    asked = _parts(_texts(pair) | _images(pair) | _files(pair)).map(lambda parts: Turn("user", parts))
    told = _parts(_texts(pair)).map(lambda parts: Turn("system", parts))
    ids: list[str] = []
    turns = [draw(asked)]
    for _ in range(draw(st.integers(0, 4))):
        before = turns[-1]
        if _openai(pair):
            speaks = before.role == "assistant" and not before.calls
            turns.append(draw(asked | told | _answers(pair, ids, must_speak=speaks)))
            continue
        if before.role == "assistant" and (not before.calls or draw(st.booleans())):
            turns.append(draw(asked))
        if turns[-1].role == "user" and late and draw(st.booleans()):
            turns.append(draw(told))
        turns.append(draw(_answers(pair, ids, must_speak=False)))
    if not _openai(pair) and turns[-1].role == "assistant" and not turns[-1].calls:
        turns.append(draw(asked))
    return tuple(turns)


@st.composite
def talks(draw: st.DrawFn, one: Api, other: Api) -> Talk:
    """Conversations that both APIs can express."""
    pair: frozenset[Api] = frozenset((one, other))
    model = draw(st.sampled_from([OTHERS_MODEL, "gpt-5.2"] if _openai(pair) else [OTHERS_MODEL, CLAUDE]))
    tools = draw(st.lists(_functions(), max_size=3, unique_by=lambda tool: tool.name))
    return Talk(
        model,
        draw(st.just(()) | _parts(_SAID.map(Text))),
        draw(_turns(pair, late=model == CLAUDE)),
        tuple(tools),
        draw(_settings(pair, model, tuple(tool.name for tool in tools))),
    )


def _functions() -> st.SearchStrategy[Function]:
    schemas = _OBJECTS.map(lambda text: msgspec.Raw(text.encode()))
    return st.builds(Function, _NAMES, st.none() | _WORDS, schemas, st.booleans())


@st.composite
def _settings(draw: st.DrawFn, pair: frozenset[Api], model: str, tools: tuple[str, ...]) -> Settings:
    found: Settings = {}

    def perhaps(name: str, values: st.SearchStrategy[Any]) -> None:
        if draw(st.booleans()):
            found[name] = draw(values)

    found["limit"] = draw(st.integers(16, 100_000))
    if tools:
        perhaps(
            "choice", st.sampled_from(["auto", "none", "required"]) | st.sampled_from(tools).map(lambda name: (name,))
        )
        if _openai(pair) or found.get("choice", "none") != "none":
            perhaps("parallel", st.booleans())
    perhaps("stream", st.booleans())
    perhaps("user" if "chat" in pair else "safety_identifier", _SAID)
    perhaps("tier", st.sampled_from(["auto", "default", *(["flex", "priority"] if _openai(pair) else [])]))
    if _openai(pair):
        found |= draw(_for_openai())
    else:
        perhaps(
            "answer",
            _OBJECTS.map(lambda text: {"name": "answer", "schema": msgspec.Raw(text.encode()), "strict": True}),
        )
    if model != CLAUDE:
        perhaps("temperature", st.sampled_from(["0", "0.0", "0.70", "1"]).map(lambda text: msgspec.Raw(text.encode())))
        perhaps("top_p", st.sampled_from(["0.9", "1.0"]).map(lambda text: msgspec.Raw(text.encode())))
        if "responses" not in pair:
            perhaps("stop", st.lists(_SAID, min_size=2, max_size=3))
    if _openai(pair) or (model == CLAUDE and found.get("choice", "auto") in ("auto", "none")):
        # Open models behind chat completions have no more than three levels.
        most = [] if "chat" in pair and model != "gpt-5.2" else ["xhigh", "max"]
        perhaps("effort", st.sampled_from(["none", "low", "medium", "high", *most]))
    return found


@st.composite
def _for_openai(draw: st.DrawFn) -> Settings:
    """Fields that chat completions and Responses have in common, and no other API."""
    found: Settings = {}

    def perhaps(name: str, values: st.SearchStrategy[Any]) -> None:
        if draw(st.booleans()):
            found[name] = draw(values)

    schemas = st.fixed_dictionaries(
        {"name": _NAMES, "schema": _OBJECTS.map(lambda text: msgspec.Raw(text.encode()))},
        optional={"strict": st.booleans(), "description": _WORDS},
    )
    perhaps("answer", st.sampled_from(["text", "json_object"]) | schemas)
    perhaps("verbosity", st.sampled_from(["low", "high"]))
    perhaps("safety_identifier", _SAID)
    perhaps("metadata", st.dictionaries(_WORDS, _WORDS, max_size=2))
    perhaps("prompt_cache_key", _WORDS)
    perhaps("prompt_cache_retention", st.sampled_from(["in_memory", "24h"]))
    perhaps("logprobs", st.just(True))
    if "logprobs" in found:
        perhaps("top_logprobs", st.integers(0, 20))
    return found
