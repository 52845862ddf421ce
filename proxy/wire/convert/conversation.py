"""A request in no API's words: what one API's reader finds in it, and another's writer tells.

A conversation is a flat list of items, in order: what somebody said, thought, called, or what a call gave. Writers
group them into the messages of their API. JSON that only passes through (schemas, numbers) keeps its text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec

Json: TypeAlias = msgspec.Raw
"""The text of a JSON value, as it came."""

Role: TypeAlias = Literal["system", "developer", "user", "assistant"]
Dialect: TypeAlias = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True)
class CacheMark:
    """The provider may cache everything up to here. `ttl` is in the words of the dialect."""

    dialect: Dialect
    ttl: str | None = None


@dataclass(frozen=True, slots=True)
class Url:
    url: str


@dataclass(frozen=True, slots=True)
class Base64:
    """`media_type` may have parameters, as in a data URL."""

    media_type: str
    data: str

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{self.data}"


@dataclass(frozen=True, slots=True)
class FileId:
    """A file that the provider keeps; another provider knows nothing of it."""

    id: str
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    cache: CacheMark | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """`detail` is low, high, auto or original; None is auto."""

    source: Url | Base64 | FileId
    detail: str | None = None
    cache: CacheMark | None = None
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """`name` is a file's name, or a document's title."""

    source: Url | Base64 | FileId
    name: str | None = None
    detail: str | None = None
    cache: CacheMark | None = None
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Audio:
    data: str
    format: str
    cache: CacheMark | None = None
    path: str = field(default="", compare=False)


Part: TypeAlias = Text | Refusal | Image | Document | Audio


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said. `path` is where it stands in the client's document."""

    role: Role
    parts: tuple[Part, ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """What only the provider that wrote it can read: a signature, encrypted or redacted content."""

    dialect: Dialect
    value: str
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A thought. `summary` are paragraphs shown in place of the `text`, where the API tells them apart."""

    text: str = ""
    summary: tuple[str, ...] = ()
    seal: Seal | None = None
    path: str = ""

    @property
    def readable(self) -> str:
        return self.text or "\n\n".join(self.summary)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asked for.

    `arguments` is the JSON text as it was written, valid or not; of a custom tool the free text.
    """

    id: str
    name: str
    arguments: str
    custom: bool = False
    namespace: str | None = None
    cache: CacheMark | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    parts: tuple[Part, ...]
    is_error: bool = False
    custom: bool = False
    cache: CacheMark | None = None
    path: str = ""


Item: TypeAlias = Message | Reasoning | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the client runs itself.

    A `custom` tool takes free text, in the `format` given. `search` finds tools, and is asked in a form of its own.
    """

    name: str
    description: str | None = None
    schema: Json | None = None
    strict: bool | None = None
    kind: Literal["function", "custom", "search"] = "function"
    format: Json | None = None
    namespace: str | None = None
    cache: CacheMark | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`tool`: just the one in `names`. Otherwise `names`, where there are any, are all that may be called."""

    mode: Literal["auto", "none", "required", "tool"]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """`json` is any JSON object, `schema` one that fits the schema."""

    kind: Literal["text", "json", "schema"]
    schema: Json | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How much the model is to think: as a level (`none` is not at all), or as at most so many tokens.

    `adaptive`: it is the model's to decide, within the level. `shown`: what it thinks is to be told.
    """

    level: str | None = None
    budget: int | None = None
    adaptive: bool = False
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """`shared` are fields that chat completions and Responses have in common, word for word. `names` says what the
    client's API calls a field of this class, where it is another word."""

    model: str
    items: Sequence[Item]
    tools: Sequence[Tool] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    max_tokens: Json | None = None
    temperature: Json | None = None
    top_p: Json | None = None
    top_k: Json | None = None
    stop: tuple[str, ...] = ()
    seed: Json | None = None
    frequency_penalty: Json | None = None
    presence_penalty: Json | None = None
    logprobs: bool = False
    answer: AnswerFormat | None = None
    verbosity: str | None = None
    effort: Effort | None = None
    tier: str | None = None
    user: str | None = None
    stream: bool | None = None
    shared: Mapping[str, Json] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def called(self, name: str) -> str:
        return self.names.get(name, name)
