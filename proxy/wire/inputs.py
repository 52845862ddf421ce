"""Requests without a conversation: texts or token ids, one or many, to be embedded or completed."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self, TypeAlias

import msgspec

from middleware.messages import Edits, Message, Role
from proxy.errors import BadRequest
from proxy.wire import document
from proxy.wire.rewriting import edited
from proxy.wire.unchained import UnchainedRequest

Inputs: TypeAlias = str | list[str | int | list[int] | dict[str, msgspec.Raw]]
"""A text, texts, token ids, or lists of them. What an object holds, such as an image, is its provider's to judge."""


class InputsHead(msgspec.Struct, kw_only=True):
    """What is read of the document."""

    model: str
    user: Any = None


class InputsRequest(UnchainedRequest):
    """A request as the client wrote it."""

    __slots__ = ("_head", "_inputs")

    field: ClassVar[str]
    """What the inputs are called in the document."""

    @classmethod
    @abstractmethod
    def read(cls, body: bytes) -> Self:
        """Raises `BadRequest`."""

    def __init__(self, body: bytes, head: InputsHead, inputs: Inputs) -> None:
        super().__init__(body)
        self._head = head
        self._inputs = inputs

    @property
    def model(self) -> str:
        return self._head.model

    @property
    def messages(self) -> Sequence[Message]:
        """One of the user for each input; token ids have no text."""
        given = self._inputs
        if _is_one(given):
            return (Message("user", given if isinstance(given, str) else ""),)
        return tuple(
            Message("user", each if isinstance(each, str) else "", parts=isinstance(each, dict)) for each in given
        )

    @property
    def roles(self) -> Sequence[Role]:
        user: Role = "user"
        return (user,) * (1 if _is_one(self._inputs) else len(self._inputs))

    @property
    def user(self) -> str | None:
        found = self._head.user
        return found if isinstance(found, str) and found else None

    def with_model(self, model: str) -> Self:
        if model == self._head.model:
            return self
        # Nothing else changes, so nothing else is read again.
        body = document.with_fields(self._body, model=model)
        return type(self)(body, msgspec.structs.replace(self._head, model=model), self._inputs)

    def rewritten(self, edits: Edits) -> Self:
        """Each input that is a text is one of the user. Token ids cannot be read, and stay."""
        given = [self._inputs] if isinstance(self._inputs, str) else self._inputs
        made = [edits("user", each) if isinstance(each, str) and each else () for each in given]
        if not any(made):
            return self
        after: list[Any] = [
            edited([each], found)[0] if isinstance(each, str) and found else each
            for each, found in zip(given, made, strict=True)
        ]
        inputs = after[0] if isinstance(self._inputs, str) else after
        return type(self).read(document.with_fields(self._body, **{self.field: inputs}))


def checked(given: Inputs, field: str) -> Inputs:
    """Raises `BadRequest` for token ids among texts: neither one input nor many."""
    if isinstance(given, list) and len(kinds := set(map(type, given))) > 1 and int in kinds:
        raise BadRequest(f"{field}: mixes token ids with something else", param=field, code="invalid_type")
    return given


def _is_one(given: Inputs) -> bool:
    return isinstance(given, str) or (bool(given) and isinstance(given[0], int))
