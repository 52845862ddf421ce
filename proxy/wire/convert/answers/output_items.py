"""The items of a response's output while they are told: what each has said so far, and the events that say it.

Events come without their last bracket: whoever sends one gives it its number.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec

from proxy.wire.convert.pieces import Called, CallKind, Cited, Token

Status: TypeAlias = Literal["in_progress", "completed", "incomplete"]

_dumps: Final = msgspec.json.Encoder().encode
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def event(type: str, **fields: Any) -> bytes:
    return _dumps({"type": type, **fields})[:-1]


class Stretch:
    """A text that grows. `before` and `after` are the constant bytes of the event that adds to it."""

    __slots__ = ("after", "before", "texts")

    def __init__(self, before: bytes, after: bytes = b"") -> None:
        self.before = before[:-2] if before else b""
        self.after = after
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def delta(self, text: str) -> bytes:
        """b"" where the API has no event for it."""
        self.texts.append(text)
        return b"%b%b%b" % (self.before, _dumps(text), self.after) if self.before else b""


class Item(ABC):
    """One output item: it is added, it grows, it is done."""

    __slots__ = ("id", "index")

    def __init__(self, prefix: str, id: str, index: int) -> None:
        self.id = f"{prefix}_{id}{index:02x}"
        self.index = index

    @abstractmethod
    def document(self, status: Status) -> dict[str, Any]:
        """As it stands in the output."""

    def added(self) -> bytes:
        return event("response.output_item.added", output_index=self.index, item=self.document("in_progress"))

    def done(self, status: Status) -> tuple[bytes, bytes]:
        """The event, and the document in it."""
        document = _dumps(self.document(status))
        return event("response.output_item.done", output_index=self.index, item=msgspec.Raw(document)), document


class Part(Stretch):
    """A part of a message: text, or a refusal. `start` counts the characters of text there were before it."""

    __slots__ = ("_notes", "_place", "_refusal", "_start", "_tokens")

    def __init__(self, message: "Message", *, refusal: bool, start: int) -> None:
        self._place = {"item_id": message.id, "output_index": message.index, "content_index": len(message.parts)}
        self._refusal = refusal
        self._start = start
        self._notes: list[dict[str, Any]] = []
        self._tokens: list[Token] = []
        kind = "response.refusal.delta" if refusal else "response.output_text.delta"
        super().__init__(event(kind, **self._place, delta=""), b"" if refusal else b',"logprobs":[]')

    def document(self) -> dict[str, Any]:
        if self._refusal:
            return {"type": "refusal", "refusal": self.text}
        return {"type": "output_text", "text": self.text, "annotations": self._notes, "logprobs": self._tokens}

    def added(self) -> bytes:
        return event("response.content_part.added", **self._place, part=self.document())

    def delta_with(self, text: str, tokens: list[Token]) -> bytes:
        tokens = [_with_bytes(token) for token in tokens]
        self._tokens += tokens
        return b'%b,"logprobs":%b' % (self.delta(text).removesuffix(self.after), _dumps(tokens))

    def note(self, cited: Cited) -> bytes:
        start, end = max(cited.start - self._start, 0), max(cited.end - self._start, 0)
        page = {"type": "url_citation", "url": cited.url, "title": cited.title, "start_index": start, "end_index": end}
        self._notes.append(page)
        place = {**self._place, "annotation_index": len(self._notes) - 1}
        return event("response.output_text.annotation.added", **place, annotation=page)

    def done(self) -> Iterator[bytes]:
        if self._refusal:
            yield event("response.refusal.done", **self._place, refusal=self.text)
        else:
            yield event("response.output_text.done", **self._place, text=self.text, logprobs=self._tokens)
        yield event("response.content_part.done", **self._place, part=self.document())


class Message(Item):
    """What the model says."""

    __slots__ = ("parts",)

    def __init__(self, id: str, index: int) -> None:
        super().__init__("msg", id, index)
        self.parts: list[Part] = []

    def document(self, status: Status) -> dict[str, Any]:
        content = [part.document() for part in self.parts]
        return {"type": "message", "id": self.id, "status": status, "role": "assistant", "content": content}


class Reasoning(Item):
    """A thought. `summary`: it is shown as a summary of itself, since the client asked for one."""

    __slots__ = ("_summary", "_text", "seal")

    def __init__(self, id: str, index: int, *, summary: bool) -> None:
        super().__init__("rs", id, index)
        self._summary = summary
        self._text: Stretch | None = None
        self.seal: str | None = None

    @property
    def _place(self) -> dict[str, Any]:
        index = "summary_index" if self._summary else "content_index"
        return {"item_id": self.id, "output_index": self.index, index: 0}

    def _part(self, text: str) -> dict[str, Any]:
        return {"type": "summary_text" if self._summary else "reasoning_text", "text": text}

    def document(self, status: Status) -> dict[str, Any]:
        said = [] if self._text is None else [self._part(self._text.text)]
        document: dict[str, Any] = {"type": "reasoning", "id": self.id, "summary": said if self._summary else []}
        if said and not self._summary:
            document["content"] = said
        if self.seal is not None:
            document["encrypted_content"] = self.seal
        return {**document, "status": status}

    def begin_text(self) -> tuple[Stretch, bytes]:
        kind = "response.reasoning_summary_text.delta" if self._summary else "response.reasoning_text.delta"
        self._text = Stretch(event(kind, **self._place, delta=""))
        kind = "response.reasoning_summary_part.added" if self._summary else "response.content_part.added"
        return self._text, event(kind, **self._place, part=self._part(""))

    def text_done(self) -> Iterator[bytes]:
        if self._text is not None:
            text = self._text.text
            kind = "response.reasoning_summary_text.done" if self._summary else "response.reasoning_text.done"
            yield event(kind, **self._place, text=text)
            kind = "response.reasoning_summary_part.done" if self._summary else "response.content_part.done"
            yield event(kind, **self._place, part=self._part(text))


class Call(Item):
    """A call of one of the client's tools."""

    __slots__ = ("_call", "text")

    def __init__(self, id: str, index: int, call: Called) -> None:
        super().__init__(_CALLS[call.kind][0], id, index)
        self._call = call
        kind = _CALLS[call.kind][1]
        self.text = Stretch(event(f"{kind}.delta", **self._place, delta="") if kind else b"")

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.index}

    def document(self, status: Status) -> dict[str, Any]:
        call, text = self._call, self.text.text
        document: dict[str, Any] = {"id": self.id, "call_id": call.id, "status": status}
        if call.kind == "search":
            return {"type": "tool_search_call", **document, "execution": "client", "arguments": _object(text)}
        if call.namespace is not None:
            document["namespace"] = call.namespace
        if call.kind == "custom":
            return {"type": "custom_tool_call", **document, "name": call.name, "input": text}
        return {"type": "function_call", **document, "name": call.name, "arguments": text}

    def text_done(self) -> Iterator[bytes]:
        _, kind, field = _CALLS[self._call.kind]
        if kind:
            yield event(f"{kind}.done", **self._place, name=self._call.name, **{field: self.text.text})


_CALLS: Final[dict[CallKind, tuple[str, str, str]]] = {
    "function": ("fc", "response.function_call_arguments", "arguments"),
    "custom": ("ctc", "response.custom_tool_call_input", "input"),
    "search": ("tsc", "", ""),
}
"""What the ids of their items begin with, the events of their text, and the field it ends up in."""


def _object(text: str) -> Any:
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return msgspec.Raw(text.encode())


def _with_bytes(token: Token) -> Token:
    """Chat completions has null for the bytes of a token that is no text; here they are a list."""
    top = [msgspec.structs.replace(each, bytes=each.bytes or []) for each in token.top_logprobs]
    return msgspec.structs.replace(token, bytes=token.bytes or [], top_logprobs=top)
