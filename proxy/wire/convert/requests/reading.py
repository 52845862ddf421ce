"""JSON read value by value, each with the path by which errors name it, and with note of what nobody read."""

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec

from proxy.errors import BadRequest
from proxy.wire import document
from proxy.wire.convert.conversation import Json
from proxy.wire.convert.requests.losses import Losses

Kind: TypeAlias = Literal["text", "list", "object", "number", "flag", "null"]

_KINDS: Final[dict[bytes, Kind]] = {
    b'"': "text",
    b"[": "list",
    b"{": "object",
    b"t": "flag",
    b"f": "flag",
    b"n": "null",
}
_NULL: Final = ord("n")
_WORDS: Final[dict[Kind, str]] = {
    "text": "text",
    "list": "a list",
    "object": "an object",
    "number": "a number",
    "flag": "true or false",
    "null": "null",
}
_TEXT: Final = msgspec.json.Decoder(str)
_WHOLE: Final = msgspec.json.Decoder(int)
_NUMBER: Final = msgspec.json.Decoder(float)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Value:
    """One JSON value. Every way in which it can be other than asked for is a `BadRequest` that names its path."""

    __slots__ = ("path", "raw")

    def __init__(self, raw: Json, path: str) -> None:
        self.raw = raw
        self.path = path

    @property
    def kind(self) -> Kind:
        return _KINDS.get(bytes(memoryview(self.raw)[:1]), "number")

    def wrong(self, expected: str) -> BadRequest:
        name = self.path or "the body"
        return BadRequest(
            f"{name}: expected {expected}, got {_WORDS[self.kind]}", param=self.path or None, code="invalid_type"
        )

    def odd(self, found: str, known: str) -> BadRequest:
        """For a word that stands where one of a few is known."""
        return BadRequest(f"{self.path}: {found[:64]!r} is not known here; expected {known}", param=self.path)

    def text(self) -> str:
        return str(self._decoded("text", _TEXT, "text"))

    def flag(self) -> bool:
        if self.kind != "flag":
            raise self.wrong("true or false")
        return bytes(self.raw) == b"true"

    def whole(self) -> int:
        return int(self._decoded("number", _WHOLE, "a whole number"))

    def number(self) -> Json:
        self._decoded("number", _NUMBER, "a number")
        return self.raw

    def items(self) -> "list[Value]":
        found = self._decoded("list", _LIST, "a list")
        return [Value(raw, f"{self.path}[{place}]") for place, raw in enumerate(found)]

    def fields(self) -> "Fields":
        return Fields(self._decoded("object", _OBJECT, "an object"), self.path)

    def object(self) -> Json:
        """An object whose insides are nobody's business here."""
        if self.kind != "object":
            raise self.wrong("an object")
        return self.raw

    def _decoded(self, kind: Kind, decoder: "msgspec.json.Decoder[Any]", expected: str) -> Any:
        try:
            return decoder.decode(self.raw)
        except (ValueError, msgspec.DecodeError, RecursionError):
            raise self.wrong(expected if self.kind != kind else f"{expected} that can be read") from None


class Fields:
    """The fields of an object. Null is as good as absent. What was never asked for is told by `unread`."""

    __slots__ = ("_fields", "_read", "path")

    def __init__(self, fields: dict[str, msgspec.Raw], path: str) -> None:
        self._fields = fields
        self._read: set[str] = set()
        self.path = path

    def get(self, name: str) -> Value | None:
        self._read.add(name)
        raw = self._fields.get(name)
        if raw is None or memoryview(raw)[0] == _NULL:
            return None
        return Value(raw, self.path_of(name))

    def need(self, name: str) -> Value:
        if (found := self.get(name)) is None:
            path = self.path_of(name)
            raise BadRequest(f"{path}: is missing", param=path, code="missing_field")
        return found

    def text(self, name: str) -> str | None:
        found = self.get(name)
        return None if found is None else found.text()

    def flag(self, name: str) -> bool | None:
        found = self.get(name)
        return None if found is None else found.flag()

    def whole(self, name: str) -> Json | None:
        """The number's own text: it may be of any size."""
        if (found := self.get(name)) is None:
            return None
        found.whole()
        return found.raw

    def number(self, name: str) -> Json | None:
        found = self.get(name)
        return None if found is None else found.number()

    def object(self, name: str) -> Json | None:
        found = self.get(name)
        return None if found is None else found.object()

    def items(self, name: str) -> list[Value]:
        found = self.get(name)
        return [] if found is None else found.items()

    def skip(self, *names: str) -> None:
        """These say nothing that would have to be told."""
        self._read.update(names)

    def unread(self) -> Iterator[str]:
        for name in self._fields:
            if name not in self._read and self.get(name) is not None:
                yield name

    def path_of(self, name: str) -> str:
        name = name[:64]
        return f"{self.path}.{name}" if self.path else name

    def close(self, losses: Losses, why: str) -> None:
        """Notes every field that nobody read."""
        for name in self.unread():
            losses.note(self.path_of(name), why)


def read_body(body: bytes) -> Fields:
    return Fields(document.read(body, _OBJECT), "")


def word(value: Value, known: frozenset[str] | dict[str, Any]) -> str:
    """A text that must be one of those known."""
    found = value.text()
    if found not in known:
        raise value.odd(found, " or ".join(sorted(known)))
    return found
