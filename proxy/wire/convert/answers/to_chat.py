"""Tells an answer as a chat completion: chunks of one choice, or a whole `chat.completion`."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.wire.convert.answers.protocol import NOT_NAMED
from proxy.wire.convert.pieces import (
    Arguments,
    Called,
    Cited,
    Done,
    Finished,
    Piece,
    Refusal,
    Sealed,
    Spent,
    Started,
    Text,
    Thought,
    Token,
)
from proxy.wire.convert.requests.losses import Losses

_SEALED: Final = "chat completions has no place for its signature"

_dumps: Final = msgspec.json.Encoder().encode


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Asked(msgspec.Struct):
    model: str = ""
    stream_options: _StreamOptions | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)


class ChatWriter:
    """The usage is always told, for the record; whoever has not asked for it is not sent it (see `proxy.wire.chat`)."""

    def __init__(self, asked: bytes, id: str, created: int, losses: Losses) -> None:
        request = _ASKED.decode(asked)
        self._asked_model = request.model
        self._wants_usage = request.stream_options is not None and bool(request.stream_options.include_usage)
        self._id = f"chatcmpl-{id}"
        self._created = created
        self._losses = losses
        self._model = ""
        self._tier: str | None = None
        self._usage: Spent | None = None
        self._calls: dict[int, tuple[int, bool]] = {}
        self._set_frame()

    def _set_frame(self) -> None:
        """The constant bytes around what a chunk says."""
        frame = {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": self._model}
        if self._tier is not None:
            frame["service_tier"] = self._tier
        self._head = _dumps(frame)[:-1] + b',"choices":['
        self._before = self._head + b'{"index":0,"delta":'
        self._after = b',"finish_reason":null}]' + (b',"usage":null}' if self._wants_usage else b"}")
        self._before_text = self._before + b'{"content":'
        self._after_text = b"}" + self._after

    def write(self, piece: Piece) -> Sequence[bytes]:
        match piece:
            case Text(text=text, tokens=None):
                return (b"%b%b%b" % (self._before_text, _dumps(text), self._after_text),)
            case Arguments(part=part, text=text):
                index, custom = self._calls[part]
                called = {"custom": {"input": text}} if custom else {"function": {"arguments": text}}
                return (self._chunk({"tool_calls": [{"index": index, **called}]}),)
            case Thought(text=text):
                return (self._chunk({"reasoning_content": text}),) if text else ()
            case Text(text=text, tokens=tokens):
                logprobs = {"content": tokens, "refusal": None}
                choice = {"index": 0, "delta": {"content": text}, "logprobs": logprobs, "finish_reason": None}
                return (self._head + _dumps(choice) + (b'],"usage":null}' if self._wants_usage else b"]}"),)
            case Called(part=part):
                self._calls[part] = (len(self._calls), piece.kind == "custom")
                return (self._chunk({"tool_calls": [{"index": len(self._calls) - 1, **_call(piece, "")}]}),)
            case Refusal(text=text):
                return (self._chunk({"refusal": text}),)
            case Cited():
                return (self._chunk({"annotations": [_annotation(piece)]}),)
            case Started(model=model):
                self._model = model or self._asked_model
                self._set_frame()
                return (self._chunk({"role": "assistant", "content": None}),)
            case Finished(reason=reason, tier=tier):
                self._note_losses(piece)
                if tier is not None:
                    self._tier = tier
                    self._set_frame()
                choice = {"index": 0, "delta": {}, "finish_reason": reason}
                return (self._head + _dumps(choice) + (b'],"usage":null}' if self._wants_usage else b"]}"),)
            case Spent():
                self._usage = piece
            case Sealed():
                self._note_losses(piece)
        return ()

    def end(self) -> Sequence[bytes]:
        if self._usage is None:
            return ()
        return (self._head + b'],"usage":' + _dumps(_usage(self._usage)) + b"}",)

    def whole(self, pieces: Sequence[Piece]) -> bytes:
        said = _Said()
        for piece in pieces:
            said.add(piece)
            self._note_losses(piece)
        whole: dict[str, Any] = {
            "id": self._id,
            "object": "chat.completion",
            "created": self._created,
            "model": said.model or self._asked_model,
            "choices": [
                {
                    "index": 0,
                    "message": said.message(),
                    "logprobs": {"content": said.tokens, "refusal": None} if said.tokens else None,
                    "finish_reason": said.reason,
                }
            ],
        }
        if said.usage is not None:
            whole["usage"] = _usage(said.usage)
        if said.tier is not None:
            whole["service_tier"] = said.tier
        return _dumps(whole)

    def _note_losses(self, piece: Piece) -> None:
        if isinstance(piece, Sealed):
            self._losses.note("reasoning", _SEALED)
        elif isinstance(piece, Finished) and piece.sequence is not None:
            self._losses.note("stop_sequence", NOT_NAMED)

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        return b"%b%b%b" % (self._before, _dumps(delta), self._after)


class _Said:
    """A whole answer, as its pieces add up."""

    def __init__(self) -> None:
        self.model = ""
        self.reason = "stop"
        self.tier: str | None = None
        self.usage: Spent | None = None
        self.tokens: list[Token] = []
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._refusals: list[str] = []
        self._annotations: list[dict[str, Any]] = []
        self._calls: dict[int, tuple[Called, list[str]]] = {}

    def add(self, piece: Piece) -> None:
        match piece:
            case Started(model=model):
                self.model = model
            case Text(text=text, tokens=tokens):
                self._texts.append(text)
                self.tokens += tokens or ()
            case Thought(text=text):
                self._thoughts.append(text)
            case Refusal(text=text):
                self._refusals.append(text)
            case Called(part=part):
                self._calls[part] = (piece, [])
            case Arguments(part=part, text=text):
                self._calls[part][1].append(text)
            case Cited():
                self._annotations.append(_annotation(piece))
            case Finished(reason=reason, tier=tier):
                self.reason, self.tier = reason, tier
            case Spent():
                self.usage = piece
            case Sealed() | Done():
                pass

    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(self._texts) or None,
            "refusal": "".join(self._refusals) or None,
            "annotations": self._annotations,
        }
        if thought := "".join(self._thoughts):
            message["reasoning_content"] = thought
        if self._calls:
            message["tool_calls"] = [_call(call, "".join(texts)) for call, texts in self._calls.values()]
        return message


def _call(call: Called, text: str) -> dict[str, Any]:
    if call.kind == "custom":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": text}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": text}}


def _annotation(cited: Cited) -> dict[str, Any]:
    page = {"url": cited.url, "title": cited.title, "start_index": cited.start, "end_index": cited.end}
    return {"type": "url_citation", "url_citation": page}


def _usage(spent: Spent) -> dict[str, Any]:
    return {
        "prompt_tokens": spent.input,
        "completion_tokens": spent.output,
        "total_tokens": spent.input + spent.output,
        "prompt_tokens_details": {"cached_tokens": spent.cached, "cache_write_tokens": spent.written},
        "completion_tokens_details": {"reasoning_tokens": spent.reasoning},
    }
