"""Chat-completions answers: a chunk of a stream, and a whole `chat.completion`."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Self

import msgspec
import orjson

from middleware.messages import Channel, Chunk, Completion, Delta, Piece, ToolCall
from proxy.wire import wanted
from proxy.wire.chat.calls import tool_calls
from proxy.wire.chat.edits import blocked_answer, blocked_stream, said_more, with_pieces
from proxy.wire.chat.join import join_chunks
from proxy.wire.chat.said import Answer, pieces_of, read_answer
from proxy.wire.fingerprint import assistant_digest
from proxy.wire.format import WireChunk
from records import Usage

_dumps: Final = msgspec.json.Encoder().encode


class ChatChunk(WireChunk):
    """An event of a stream, or a whole `chat.completion` (`whole`)."""

    __slots__ = ("_answer", "data", "whole")

    def __init__(self, data: bytes, *, whole: bool = False) -> None:
        self.data = data
        self.whole = whole
        self._answer: Answer | None = None

    @property
    def answer(self) -> Answer:
        if self._answer is None:
            self._answer = read_answer(self.data)
        return self._answer

    @property
    def deltas(self) -> Sequence[Delta]:
        return tuple(
            Delta(choice.index, choice.said.text, choice.said.refusal or "", choice.finish_reason)
            for choice in self.answer.choices or ()
        )

    def with_text(self, text: str, choice: int = 0) -> Self:
        content = orjson.loads(self.data)
        for item in content.get("choices") or ():
            if item.get("index", 0) == choice:
                said = item.setdefault("message" if self.whole else "delta", {})
                said["content"] = text
        return type(self)(orjson.dumps(content), whole=self.whole)

    def saying(self, text: str, choice: int = 0) -> Self:
        return self.carrying(Channel(choice, "text"), text)

    @property
    def pieces(self) -> Sequence[Piece]:
        return pieces_of(self.answer)

    def ends(self, channel: Channel) -> bool:
        if self.whole:
            return True
        choices = self.answer.choices or ()
        return any(choice.finish_reason for choice in choices if choice.index == channel.choice)

    def with_pieces(self, texts: Mapping[Channel, str]) -> Self:
        """An annotation stays where it still holds for the place that it names; in a stream, of which a chunk does not
        show enough to tell, those of a chunk whose text is changed are left out."""
        had = dict(self.pieces)
        changed = {channel: text for channel, text in texts.items() if text != had.get(channel, "")}
        if not changed:
            return self
        return type(self)(with_pieces(self.data, changed, whole=self.whole), whole=self.whole)

    def carrying(self, channel: Channel, text: str) -> Self:
        return type(self)(said_more(self.data, channel, text))

    def blocked(self, text: str, choices: Collection[int], *, first: bool = False) -> Sequence[Self]:
        """The text is content, which every client shows, and not a refusal, which most do not look at.

        Of a tool call that was begun the client keeps the name, and as much of the arguments as it was given: a stream
        has no word to take them back. They are not completed, and the answer did not end as `tool_calls`.
        """
        if self.whole:
            return (type(self)(blocked_answer(self.data, text, choices), whole=True),)
        return [type(self)(data) for data in blocked_stream(self.data, text, choices, first=first)]

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
        self._answer: Answer | None = None
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
    def _read(self) -> Answer:
        if self._answer is None:
            self._answer = read_answer(self._body)
        return self._answer

    @property
    def id(self) -> str | None:
        return self._read.id

    @property
    def model(self) -> str | None:
        return self._read.model

    @property
    def texts(self) -> Sequence[str]:
        return [choice.said.text for choice in self._read.choices or ()]

    @property
    def calls(self) -> Sequence[ToolCall]:
        if self._calls is None:
            choices = self._read.choices
            self._calls = tool_calls(choices[0].said.tool_calls or ()) if choices else ()
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
