"""Tells an answer as an Anthropic message: content blocks, strictly one after another (see `in_order`)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.wire.convert.answers.in_order import InOrder
from proxy.wire.convert.conversation import Seal
from proxy.wire.convert.pieces import (
    Arguments,
    Called,
    Cited,
    Done,
    Finished,
    Piece,
    Reason,
    Refusal,
    Sealed,
    Spent,
    Started,
    Text,
    Thought,
)
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.sealed import labelled
from proxy.wire.messages.reasons import stop_reason

_NO_LOGPROBS: Final = "the Messages API has none"
_INVALID: Final = "INVALID_JSON"
"""The one key of an input that the model wrote as no JSON object. Source:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming."""

_dumps: Final = msgspec.json.Encoder().encode
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOTHING: Final = Spent(0, 0)
_STOP: Final = b'{"type":"message_stop"}'


class _Asked(msgspec.Struct):
    model: str = ""


_ASKED: Final = msgspec.json.Decoder(_Asked)


class MessagesWriter:
    def __init__(self, asked: bytes, id: str, losses: Losses) -> None:
        self._model = _ASKED.decode(asked).model
        self._id = f"msg_{id}"
        self._losses = losses
        self._order = InOrder(losses)
        self._ending = _Ending()
        self._index = 0
        self._open = False
        self._before = b""
        self._texts: list[str] = []
        self._said = 0

    def write(self, piece: Piece) -> Sequence[bytes]:
        told = self._order.take(piece)
        if len(told) == 1:
            return self._write(told[0])
        return [event for each in told for event in self._write(each)]

    def end(self) -> Sequence[bytes]:
        usage = {**_usage(self._ending.usage), "server_tool_use": None}
        delta = {**self._ending.fields(), "container": None}
        return (_dumps({"type": "message_delta", "delta": delta, "usage": usage}), _STOP)

    def whole(self, pieces: Sequence[Piece]) -> bytes:
        blocks = _Blocks()
        for piece in pieces:
            if isinstance(piece, Started):
                self._model = piece.model or self._model
            else:
                if isinstance(piece, Text) and piece.tokens is not None:
                    self._losses.note("logprobs", _NO_LOGPROBS)
                blocks.add(piece)
                self._ending.add(piece)
        return _dumps(self._message(blocks.all(), self._ending))

    def _write(self, piece: Piece) -> Sequence[bytes]:
        match piece:
            case Text(text=text, tokens=tokens):
                if tokens is not None:
                    self._losses.note("logprobs", _NO_LOGPROBS)
                start = () if self._open else (self._begin({"type": "text", "text": "", "citations": None}, b"text"),)
                self._texts.append(text)
                return (*start, b"%b%b}}" % (self._before, _dumps(text)))
            case Arguments(text=text):
                return (b"%b%b}}" % (self._before, _dumps(text)),)
            case Thought(text=text):
                start = () if self._open else (self._begin(_thinking(), b"thinking"),)
                return (*start, b"%b%b}}" % (self._before, _dumps(text)))
            case Called():
                return (self._begin(_tool_use(piece, {}), b"partial_json"),)
            case Done():
                return (self._end_block(),) if self._open else ()
            case Sealed(seal=seal):
                signature = self._delta({"type": "signature_delta", "signature": _carried(seal)})
                if self._open:
                    return (signature,)
                if _is_signature(seal):
                    return self._begin(_thinking(), b"thinking"), signature
                return (self._begin(_redacted(seal), b""),)
            case Cited():
                start = () if self._open else (self._begin({"type": "text", "text": "", "citations": None}, b"text"),)
                citation = _citation(piece, "".join(self._texts), self._said)
                return (*start, self._delta({"type": "citations_delta", "citation": citation}))
            case Started(model=model):
                self._model = model or self._model
                message = self._message([], _Ending(reason=None))
                return (_dumps({"type": "message_start", "message": message}),)
        self._ending.add(piece)
        return ()

    def _begin(self, block: dict[str, Any], field: bytes) -> bytes:
        """Opens a block; its deltas carry what they add in `field`."""
        self._open = True
        kind = b"input_json_delta" if field == b"partial_json" else field + b"_delta"
        place = (self._index, kind, field)
        self._before = b'{"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":' % place
        return _dumps({"type": "content_block_start", "index": self._index, "content_block": block})

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _dumps({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _end_block(self) -> bytes:
        index, self._index = self._index, self._index + 1
        self._open = False
        self._said += sum(map(len, self._texts))
        self._texts.clear()
        return _dumps({"type": "content_block_stop", "index": index})

    def _message(self, content: list[dict[str, Any]], ending: "_Ending") -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            **ending.fields(),
            "container": None,
            "usage": {
                **_usage(ending.usage),
                "cache_creation": None,
                "inference_geo": None,
                "server_tool_use": None,
                "service_tier": None,
            },
        }


class _Ending:
    """Why the message ends, and what it cost. A refusal's words are the explanation of that reason."""

    def __init__(self, reason: Reason | None = "stop") -> None:
        self.usage: Spent | None = None
        self._reason = reason
        self._sequence: str | None = None
        self._refusal: list[str] = []

    def add(self, piece: Piece) -> None:
        match piece:
            case Refusal(text=text):
                self._refusal.append(text)
            case Finished(reason=reason, sequence=sequence):
                self._reason, self._sequence = reason, sequence
            case Spent():
                self.usage = piece

    def fields(self) -> dict[str, Any]:
        reason, details = stop_reason(self._reason) if self._reason is not None else None, None
        if self._sequence is not None and reason == "end_turn":
            reason = "stop_sequence"
        if self._refusal or reason == "refusal":
            reason = "refusal"
            details = {"type": "refusal", "category": None, "explanation": "".join(self._refusal) or None}
        sequence = self._sequence if reason == "stop_sequence" else None
        return {"stop_reason": reason, "stop_sequence": sequence, "stop_details": details}


class _Blocks:
    """The blocks of a whole message, as their pieces add up."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[Piece]] = {}

    def add(self, piece: Piece) -> None:
        if not isinstance(piece, Started | Finished | Spent | Refusal | Done):
            self._pieces.setdefault(piece.part, []).append(piece)

    def all(self) -> list[dict[str, Any]]:
        said = 0
        blocks = []
        for pieces in self._pieces.values():
            text = "".join(piece.text for piece in pieces if isinstance(piece, Text | Thought | Arguments))
            match pieces[0]:
                case Called() as call:
                    blocks.append(_tool_use(call, _input(text)))
                case Sealed(seal=seal) if not text and not _is_signature(seal):
                    blocks.append(_redacted(seal))
                case Thought() | Sealed():
                    seals = [_carried(piece.seal) for piece in pieces if isinstance(piece, Sealed)]
                    blocks.append({**_thinking(), "thinking": text, "signature": "".join(seals[:1])})
                case _:
                    cited = [_citation(piece, text, said) for piece in pieces if isinstance(piece, Cited)]
                    blocks.append({"type": "text", "text": text, "citations": cited or None})
                    said += len(text)
        return blocks


def _thinking() -> dict[str, Any]:
    return {"type": "thinking", "thinking": "", "signature": ""}


def _is_signature(seal: Seal) -> bool:
    """Whether it may stand without a text in a block that has a place for one."""
    return seal.dialect == "anthropic" and not seal.redacted


def _carried(seal: Seal) -> str:
    return seal.value if seal.dialect == "anthropic" else labelled(seal)


def _redacted(seal: Seal) -> dict[str, Any]:
    return {"type": "redacted_thinking", "data": _carried(seal)}


def _tool_use(call: Called, input: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": input, "caller": {"type": "direct"}}


def _input(arguments: str) -> Any:
    """The object that the text is, number for number; what is no object is kept where a model will know it again."""
    if not arguments.strip():
        return {}
    try:
        _OBJECT.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return {_INVALID: arguments}
    return msgspec.Raw(arguments.encode())


def _citation(cited: Cited, text: str, said: int) -> dict[str, Any]:
    """`text` is that of the block, `said` how much there was before it."""
    start, end = max(cited.start - said, 0), max(cited.end - said, 0)
    return {
        "type": "web_search_result_location",
        "url": cited.url,
        "title": cited.title,
        "cited_text": text[start:end],
        "encrypted_index": "",
    }


def _usage(spent: Spent | None) -> dict[str, Any]:
    """`input_tokens` are those that were neither read from the cache nor written to it."""
    spent = spent or _NOTHING
    return {
        "input_tokens": max(spent.input - spent.cached - spent.written, 0),
        "cache_creation_input_tokens": spent.written,
        "cache_read_input_tokens": spent.cached,
        "output_tokens": spent.output,
        "output_tokens_details": {"thinking_tokens": spent.reasoning},
    }
