"""Text-completions answers: a chunk of a stream, and a whole `text_completion`, which look the same."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Self

import msgspec
import orjson

from middleware.messages import Channel, Chunk, Completion, Delta, Piece, ToolCall
from proxy.wire.completions.join import join_chunks
from proxy.wire.format import WireChunk
from proxy.wire.usage import TokenCounts
from records import Usage


class _Choice(msgspec.Struct):
    index: int = 0
    text: str | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: TokenCounts | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer, strict=False)
_dumps: Final = msgspec.json.Encoder().encode


class CompletionsChunk(WireChunk):
    """An event of a stream, or a whole `text_completion` (`whole`)."""

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
            Delta(choice.index, choice.text or "", "", choice.finish_reason) for choice in self.answer.choices or ()
        )

    def with_text(self, text: str, choice: int = 0) -> Self:
        content = orjson.loads(self.data)
        for item in content.get("choices") or ():
            if item.get("index", 0) == choice:
                item["text"] = text
        return type(self)(orjson.dumps(content), whole=self.whole)

    def saying(self, text: str, choice: int = 0) -> Self:
        content = orjson.loads(self.data)
        content.pop("usage", None)
        content["choices"] = [{"index": choice, "text": text, "logprobs": None, "finish_reason": None}]
        return type(self)(orjson.dumps(content))

    @property
    def pieces(self) -> Sequence[Piece]:
        texts: dict[int, str] = {}
        for choice in self.answer.choices or ():
            texts[choice.index] = texts.get(choice.index, "") + (choice.text or "")
        return [Piece(Channel(index, "text"), text) for index, text in texts.items() if text]

    def with_pieces(self, texts: Mapping[Channel, str]) -> Self:
        """The probabilities of tokens that a choice no longer says become null."""
        had = dict(self.pieces)
        left = {each.choice: text for each, text in texts.items() if text != had.get(each, "") and each.kind == "text"}
        if not left:
            return self
        content = orjson.loads(self.data)
        for item in content.get("choices") or ():
            if (index := item.get("index", 0)) in left:
                item["text"], left[index] = left[index], ""
                item.update((name, None) for name in ("logprobs", "token_ids") if name in item)
        return type(self)(orjson.dumps(content), whole=self.whole)

    def blocked(self, text: str, choices: Collection[int], *, first: bool = False) -> Sequence[Self]:
        content = orjson.loads(self.data)
        ends = [
            {"index": index, "text": text, "logprobs": None, "finish_reason": "content_filter"} for index in choices
        ]
        if self.whole:
            said = content.get("choices") or ()
            content["choices"] = [{each["index"]: each for each in ends}.get(had.get("index", 0), had) for had in said]
            return (type(self)(orjson.dumps(content), whole=True),)
        content.pop("usage", None)
        return [type(self)(orjson.dumps({**content, "choices": [each]})) for each in ends]

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Completion:
        if chunks[0].whole and isinstance(chunks[0], CompletionsChunk):
            return TextCompletion(chunks[0].data)
        return TextCompletion(join_chunks([chunk.data for chunk in chunks if isinstance(chunk, CompletionsChunk)]))


class TextCompletion(Completion):
    """A `text_completion` document."""

    __slots__ = ("_answer", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._answer: _Answer | None = None

    @classmethod
    def saying(cls, text: str, *, model: str, finish_reason: str) -> Self:
        """An answer of our own, that no model was asked for."""
        said = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}
        return cls(
            _dumps(
                {
                    "id": "cmpl-burnish",
                    "object": "text_completion",
                    "created": int(time.time()),
                    "model": model,
                    "choices": [said],
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
        return [choice.text or "" for choice in self._read.choices or ()]

    @property
    def calls(self) -> Sequence[ToolCall]:
        return ()

    @property
    def finish_reasons(self) -> Sequence[str]:
        return [choice.finish_reason for choice in self._read.choices or () if choice.finish_reason]

    @property
    def usage(self) -> Usage | None:
        counts = self._read.usage
        return counts.as_usage() if counts is not None else None

    @property
    def fingerprint(self) -> bytes:
        return b""

    def with_text(self, text: str, choice: int = 0) -> Self:
        return type(self)(self.chunk().with_text(text, choice).data)

    def chunk(self) -> CompletionsChunk:
        return CompletionsChunk(self._body, whole=True)


def _answer(data: bytes) -> _Answer:
    try:
        return _ANSWER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Answer()  # Not the documented shape: passed on as it is, unread.
