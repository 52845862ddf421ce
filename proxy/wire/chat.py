"""The chat-completions API. Source: https://platform.openai.com/docs/api-reference/chat."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import msgspec
import orjson

from middleware.messages import ChatRequest, Chunk, Completion, Delta, Message, Role, Tool, ToolCall
from proxy.errors import ApiError, UpstreamBroke
from proxy.wire import document, sse
from proxy.wire.join import join_chunks
from proxy.wire.split import split_completion
from records import JsonValue, Usage

_NULL: Final = msgspec.Raw(b"null")
_TOKEN_BITS: Final = 40
_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw = _NULL
    tool_calls: msgspec.Raw = _NULL
    tool_call_id: Any = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Head(msgspec.Struct):
    """Typed where a call cannot be served otherwise; of the rest, what is odd is the upstream's to judge."""

    messages: list[_Message]
    model: str
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: msgspec.Raw = _NULL
    safety_identifier: Any = None
    user: Any = None
    max_tokens: msgspec.Raw = _NULL
    max_completion_tokens: msgspec.Raw = _NULL
    metadata: msgspec.Raw = _NULL


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str | None = ""
    description: str | None = ""
    parameters: JsonValue = None


class _Call(msgspec.Struct):
    id: str | None = ""
    function: _Function = msgspec.field(default_factory=_Function)


class _Tool(msgspec.Struct):
    type: str = "function"
    function: _Function | None = None


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = 0
    reasoning_tokens: int | None = 0


_NO_DETAILS: Final = _Details()


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)
_CALLS: Final = msgspec.json.Decoder(list[_Call])
_TOOLS: Final = msgspec.json.Decoder(list[_Tool])
_ANSWER: Final = msgspec.json.Decoder(_Answer, strict=False)
_dumps: Final = msgspec.json.Encoder().encode


class ChatCompletionsRequest(ChatRequest):
    """A request as the client wrote it."""

    __slots__ = ("_body", "_fingerprints", "_head", "_messages", "_roles")

    def __init__(self, body: bytes, head: _Head) -> None:
        self._body = body
        self._head = head
        self._messages: tuple[Message, ...] | None = None
        self._fingerprints: Sequence[bytes] | None = None
        self._roles: Sequence[Role] | None = None

    @classmethod
    def read(cls, body: bytes) -> Self:
        return cls(body, document.read(body, _HEAD))

    @property
    def body(self) -> bytes:
        return self._body

    @property
    def model(self) -> str:
        return self._head.model

    @property
    def stream(self) -> bool:
        return bool(self._head.stream)

    @property
    def wants_usage(self) -> bool:
        """Whether a streaming client asked for the usage chunk."""
        options = self._head.stream_options
        return options is not None and bool(options.include_usage)

    @property
    def user(self) -> str | None:
        found = self._head.safety_identifier or self._head.user
        if found is None and self._head.metadata is not _NULL:
            metadata = _value(self._head.metadata)
            found = metadata.get("user_id") if isinstance(metadata, dict) else None
        return found if isinstance(found, str) and found else None

    @property
    def max_tokens(self) -> int | None:
        for limit in (self._head.max_completion_tokens, self._head.max_tokens):
            if limit is not _NULL and type(found := _value(limit)) is int and found:
                return found
        return None

    @property
    def conversation(self) -> str | None:
        return None

    @property
    def messages(self) -> Sequence[Message]:
        if self._messages is None:
            self._messages = tuple(map(_view, self._head.messages))
        return self._messages

    @property
    def tools(self) -> Sequence[Tool]:
        if self._head.tools is _NULL or bytes(self._head.tools) == b"null":
            return ()
        try:
            tools = _TOOLS.decode(self._head.tools)
        except (msgspec.DecodeError, RecursionError):
            return ()  # Tools of shapes we do not know are the upstream's business.
        return tuple(
            Tool(tool.function.name, tool.function.description or "", tool.function.parameters)
            for tool in tools
            if tool.function is not None
        )

    @property
    def fingerprints(self) -> Sequence[bytes]:
        if self._fingerprints is None:
            self._fingerprints = [_fingerprint(message) for message in self._head.messages]
        return self._fingerprints

    @property
    def roles(self) -> Sequence[Role]:
        if self._roles is None:
            self._roles = [_ROLES.get(message.role, "user") for message in self._head.messages]
        return self._roles

    def with_model(self, model: str) -> Self:
        if model == self._head.model:
            return self
        # Nothing else changes, so nothing else is read again.
        changed = type(self)(
            document.with_fields(self._body, model=model), msgspec.structs.replace(self._head, model=model)
        )
        changed._messages, changed._fingerprints, changed._roles = self._messages, self._fingerprints, self._roles
        return changed

    def with_message(self, role: Role, text: str) -> Self:
        return self._with(messages=_appended(self._raw_messages(), _dumps({"role": role, "content": text})))

    def with_instructions(self, *lines: str) -> Self:
        if not lines:
            return self
        text = "\n".join(lines)
        messages = msgspec.json.decode(self._raw_messages(), type=list[msgspec.Raw])
        for place, message in enumerate(self._head.messages):
            if _ROLES.get(message.role) == "system" and (content := _extended(message.content, text)) is not None:
                messages[place] = msgspec.Raw(document.with_fields(bytes(messages[place]), content=content))
                break
        else:
            messages.insert(0, msgspec.Raw(_dumps({"role": "system", "content": text})))
        return self._with(messages=_dumps(messages))

    def with_sampling(self, sampling: Mapping[str, JsonValue]) -> Self:
        if not sampling:
            return self
        changes = dict(sampling)
        # Newer models refuse `max_tokens`; a client that uses the newer name keeps it.
        if "max_tokens" in changes and "max_completion_tokens" in document.fields_of(self._body):
            changes["max_completion_tokens"] = changes.pop("max_tokens")
        return self._with(**changes)

    def asking_usage(self) -> Self:
        """A copy that asks the upstream to end its stream with the usage."""
        options = document.fields_of(self._body).get("stream_options")
        if options is None or bytes(options) == b"null":
            return self._with(stream_options={"include_usage": True})
        return self._with(stream_options=document.with_fields(bytes(options), include_usage=True))

    def _raw_messages(self) -> bytes:
        return bytes(document.fields_of(self._body)["messages"])

    def _with(self, **changes: JsonValue) -> Self:
        body = document.with_fields(self._body, **changes)
        return type(self)(body, _HEAD.decode(body))


class ChatChunk(Chunk):
    """An event of a stream, or a whole `chat.completion` (`whole`)."""

    __slots__ = ("_answer", "data", "whole")

    def __init__(self, data: bytes, *, whole: bool = False) -> None:
        self.data = data
        self.whole = whole
        self._answer: _Answer | None = None

    @property
    def answer(self) -> _Answer:
        if self._answer is None:
            self._answer = _answer(self.data)
        return self._answer

    @property
    def deltas(self) -> Sequence[Delta]:
        return tuple(
            Delta(choice.index, said.content or "", said.refusal or "", choice.finish_reason)
            for choice in self.answer.choices or ()
            for said in (choice.message or choice.delta or _Said(),)
        )

    def with_text(self, text: str, choice: int = 0) -> Self:
        content = orjson.loads(self.data)
        for item in content.get("choices") or ():
            if item.get("index", 0) == choice:
                said = item.setdefault("message" if self.whole else "delta", {})
                said["content"] = text
        return type(self)(orjson.dumps(content), whole=self.whole)

    def saying(self, text: str, choice: int = 0) -> Self:
        content = orjson.loads(self.data)
        content.pop("usage", None)
        content["choices"] = [{"index": choice, "delta": {"content": text}, "finish_reason": None}]
        return type(self)(orjson.dumps(content))

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Completion:
        if chunks[0].whole and isinstance(chunks[0], ChatChunk):
            return ChatCompletion(chunks[0].data)
        return ChatCompletion(join_chunks([chunk.data for chunk in chunks if isinstance(chunk, ChatChunk)]))


class ChatCompletion(Completion):
    """A `chat.completion` document."""

    __slots__ = ("_answer", "_body", "_calls")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._answer: _Answer | None = None
        self._calls: Sequence[ToolCall] | None = None

    @classmethod
    def saying(cls, text: str, *, model: str, finish_reason: str = "stop", id: str = "chatcmpl-burnish") -> Self:
        """An answer of our own, as a step gives that does not ask the model."""
        return cls(
            _dumps(
                {
                    "id": id,
                    "object": "chat.completion",
                    "created": int(time.time()),
                    "model": model,
                    "choices": [
                        {
                            "index": 0,
                            "message": {"role": "assistant", "content": text, "refusal": None},
                            "finish_reason": finish_reason,
                        }
                    ],
                    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
                }
            )
        )

    @property
    def body(self) -> bytes:
        return self._body

    @property
    def _read(self) -> _Answer:
        if self._answer is None:
            self._answer = _answer(self._body)
        return self._answer

    @property
    def id(self) -> str | None:
        return self._read.id

    @property
    def model(self) -> str | None:
        return self._read.model

    @property
    def texts(self) -> Sequence[str]:
        return [(choice.message and choice.message.content) or "" for choice in self._read.choices or ()]

    @property
    def calls(self) -> Sequence[ToolCall]:
        if self._calls is None:
            choices = self._read.choices
            self._calls = _tool_calls((choices[0].message and choices[0].message.tool_calls) or ()) if choices else ()
        return self._calls

    @property
    def finish_reasons(self) -> Sequence[str]:
        return [choice.finish_reason for choice in self._read.choices or () if choice.finish_reason]

    @property
    def usage(self) -> Usage | None:
        usage = self._read.usage
        if usage is None:
            return None
        cached = (usage.prompt_tokens_details or _NO_DETAILS).cached_tokens
        thought = (usage.completion_tokens_details or _NO_DETAILS).reasoning_tokens
        asked, said, cached, thought = usage.prompt_tokens or 0, usage.completion_tokens or 0, cached or 0, thought or 0
        if (asked | said | cached | thought) >> _TOKEN_BITS:
            # Negative, or more than any model reads: it would reach limits, bills and the store.
            return None
        return Usage(asked, said, cached, thought)

    @property
    def fingerprint(self) -> bytes:
        return _assistant_digest(self.text, [call.id for call in self.calls])

    def with_text(self, text: str, choice: int = 0) -> Self:
        return type(self)(ChatChunk(self._body, whole=True).with_text(text, choice).data)

    def chunk(self) -> ChatChunk:
        return ChatChunk(self._body, whole=True)


class ChatFormat:
    """`POST /v1/chat/completions`."""

    name = "chat"
    path = "chat/completions"

    def read_request(self, body: bytes) -> ChatCompletionsRequest:
        return ChatCompletionsRequest.read(body)

    def read_chunk(self, data: bytes) -> ChatChunk:
        if not (data[:1] == b"{" and data[-1:] == b"}"):
            data = data.strip()
            if not (data[:1] == b"{" and data[-1:] == b"}"):
                raise UpstreamBroke("the upstream sent an event that is no JSON object")
        if b'"error"' in data and (data.startswith(b'{"error"') or b'"choices"' not in data):
            error = orjson.loads(data).get("error")
            if isinstance(error, dict):
                raise UpstreamBroke(str(error.get("message") or "the upstream sent an error in its stream"), data)
            if error:
                raise UpstreamBroke(str(error))
        return ChatChunk(data)

    def read_whole(self, body: bytes) -> ChatChunk:
        return ChatChunk(body, whole=True)

    def event(self, chunk: Chunk, request: ChatRequest) -> bytes:
        assert isinstance(chunk, ChatChunk)
        data = chunk.data
        if b'"usage"' in data and not (isinstance(request, ChatCompletionsRequest) and request.wants_usage):
            data = _without_usage(chunk)
            if not data:
                return b""
        return sse.event(data)

    def events_of(self, completion: Completion, request: ChatRequest) -> list[bytes]:
        usage = isinstance(request, ChatCompletionsRequest) and request.wants_usage
        return [sse.event(chunk) for chunk in split_completion(completion.body, usage=usage)]

    def end(self) -> bytes:
        return sse.event(sse.DONE)

    def error(self, error: ApiError, request_id: str) -> bytes:
        return orjson.dumps(
            {
                "error": {
                    "message": error.message,
                    "type": error.type,
                    "param": error.param,
                    "code": error.code,
                    "request_id": request_id,
                }
            }
        )

    def error_event(self, error: ApiError, request_id: str) -> bytes:
        return sse.event(self.error(error, request_id))


def _answer(data: bytes) -> _Answer:
    try:
        return _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Answer()  # Not the documented shape: passed on as it is, unread.


def _without_usage(chunk: ChatChunk) -> bytes:
    """The chunk's data for a client that did not ask for usage; b"" where usage is all it carries."""
    for nothing in (b',"usage":null', b', "usage": null'):
        if nothing in chunk.data:
            return chunk.data.replace(nothing, b"")
    answer = chunk.answer
    if answer.usage is None:
        return chunk.data
    if not answer.choices:
        return b""
    try:
        fields = document.fields_of(chunk.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return chunk.data
    fields.pop("usage", None)
    return _dumps(fields)


def _extended(content: msgspec.Raw, text: str) -> bytes | None:
    """A message's content, as JSON, with more text at its end; None where it is neither text nor parts."""
    written = bytes(content)
    if written == b"null":
        return _dumps(text)
    if written.startswith(b"["):
        return _appended(written, _dumps({"type": "text", "text": text}))
    value = _value(content)
    if not isinstance(value, str):
        return None
    return _dumps(f"{value}\n\n{text}" if value else text)


def _appended(items: bytes, item: bytes) -> bytes:
    """A JSON array with one more item; what it had keeps its bytes."""
    end = items.rindex(b"]")
    body = items[:end]
    return body + (b"," if body.strip() != b"[" else b"") + item + b"]"


def _view(message: _Message) -> Message:
    text, parts = _text(message.content)
    calls: Sequence[ToolCall] = ()
    if message.tool_calls is not _NULL:
        calls = _calls(message.tool_calls)
    call_id = message.tool_call_id
    role = _ROLES.get(message.role, "user")
    return Message(role, text, tuple(calls), call_id if isinstance(call_id, str) else None, parts)


def _text(content: msgspec.Raw) -> tuple[str, bool]:
    if content is _NULL:
        return "", False
    value = _value(content)
    if isinstance(value, str):
        return value, False
    if not isinstance(value, list):
        return "", False
    texts = [part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return "".join(texts), True


def _value(raw: msgspec.Raw) -> Any:
    """None also where it cannot be held, such as a number of a thousand digits: it is passed on all the same."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _calls(raw: msgspec.Raw) -> Sequence[ToolCall]:
    try:
        return _tool_calls(_CALLS.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return ()


def _tool_calls(calls: Sequence[_Call]) -> Sequence[ToolCall]:
    return tuple(ToolCall(call.id or "", call.function.name, call.function.arguments or "") for call in calls)


def _fingerprint(message: _Message) -> bytes:
    if _ROLES.get(message.role) == "system":
        return b""
    if message.role == "assistant":
        calls = () if message.tool_calls is _NULL else _calls(message.tool_calls)
        return _assistant_digest(_text(message.content)[0], [call.id for call in calls])
    return hashlib.blake2b(message.role.encode() + b"\0" + bytes(message.content), digest_size=16).digest()


def _assistant_digest(text: str, call_ids: Sequence[str]) -> bytes:
    # Clients trim what they replay, and pick which of text and calls they keep: ids are unique where there are any.
    said = "\0".join(call_ids) if any(call_ids) else text.strip()
    return hashlib.blake2b(b"assistant\0" + said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
