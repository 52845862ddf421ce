"""Chat-completions answers: a chunk of a stream, and a whole `chat.completion`."""

import time
from collections.abc import Sequence
from typing import Final, Self

import msgspec
import orjson

from middleware.messages import Chunk, Completion, Delta, ToolCall
from proxy.wire import wanted
from proxy.wire.chat.calls import Call, tool_calls
from proxy.wire.chat.join import join_chunks
from proxy.wire.fingerprint import assistant_digest
from proxy.wire.format import WireChunk
from proxy.wire.usage import TokenCounts
from records import Usage


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: TokenCounts | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer, strict=False)
_dumps: Final = msgspec.json.Encoder().encode


class ChatChunk(WireChunk):
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
            self._calls = tool_calls((choices[0].message and choices[0].message.tool_calls) or ()) if choices else ()
        return self._calls

    @property
    def finish_reasons(self) -> Sequence[str]:
        return [choice.finish_reason for choice in self._read.choices or () if choice.finish_reason]

    @property
    def usage(self) -> Usage | None:
        counts = self._read.usage
        return counts.as_usage() if counts is not None else None

    @property
    def fingerprint(self) -> bytes:
        return assistant_digest(self.text, [call.id for call in self.calls])

    def with_text(self, text: str, choice: int = 0) -> Self:
        return type(self)(ChatChunk(self._body, whole=True).with_text(text, choice).data)

    @property
    def logprobs(self) -> Sequence[float]:
        choices = wanted.values_at(self._body, "choices") if b'"logprobs"' in self._body else None
        first = choices[0] if isinstance(choices, list) and choices else None
        told = first.get("logprobs") if isinstance(first, dict) else None
        return wanted.logprobs_in(told.get("content") if isinstance(told, dict) else None)

    def counted_as(self, other: Completion) -> Self:
        return type(self)(wanted.with_usage_of(self._body, other.body))

    def chunk(self) -> ChatChunk:
        return ChatChunk(self._body, whole=True)


def _answer(data: bytes) -> _Answer:
    try:
        return _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Answer()  # Not the documented shape: passed on as it is, unread.
