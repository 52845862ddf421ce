"""A text-completions request: the client's own document, read through views and edited a field at a time."""

from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec

from proxy.wire import document
from proxy.wire.completions.answer import TextCompletion
from proxy.wire.inputs import Inputs, InputsHead, InputsRequest, checked
from records import JsonValue


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Head(InputsHead, kw_only=True):
    """A prompt may be left out: the model then begins a new text."""

    prompt: Inputs | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Any = None


_HEAD: Final = msgspec.json.Decoder(_Head)


class CompletionsRequest(InputsRequest):
    """A request as the client wrote it."""

    api = "completions"
    field = "prompt"

    __slots__ = ()

    _head: _Head

    @classmethod
    def read(cls, body: bytes) -> Self:
        head: _Head = document.read(body, _HEAD)
        return cls(body, head, checked(head.prompt or "", "prompt"))

    @property
    def stream(self) -> bool:
        return bool(self._head.stream)

    @property
    def wants_usage(self) -> bool:
        """Whether a streaming client asked for the usage chunk."""
        options = self._head.stream_options
        return options is not None and bool(options.include_usage)

    @property
    def max_tokens(self) -> int | None:
        found = self._head.max_tokens
        return found if type(found) is int and found else None

    def with_sampling(self, sampling: Mapping[str, JsonValue]) -> Self:
        return self._with(**sampling) if sampling else self

    def answer(self, text: str, finish_reason: str = "stop") -> TextCompletion:
        return TextCompletion.saying(text, model=self.model, finish_reason=finish_reason)

    def asking_usage(self) -> Self:
        if self.wants_usage or not self.stream:
            return self
        options = document.fields_of(self._body).get("stream_options")
        if options is None or bytes(options) == b"null":
            return self._with(stream_options={"include_usage": True})
        return self._with(stream_options=document.with_fields(bytes(options), include_usage=True))

    def _with(self, **changes: JsonValue) -> Self:
        return type(self).read(document.with_fields(self._body, **changes))
