"""The content of a message: text, or a list of blocks. A block's fields stay JSON until somebody asks."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from middleware.messages import ToolCall

NULL: Final = msgspec.Raw(b"null")
NO_INPUT: Final = msgspec.Raw(b"{}")

_TEXT: Final = msgspec.json.Decoder(str)
_BLOCKS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_CACHE: Final = "cache_control"
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SEALED: Final = ("signature", "encrypted_content")
_PLAIN: Final = frozenset({"text", "tool_use", "server_tool_use", "tool_result", "thinking", "redacted_thinking"})
"""What is neither image nor file, nor found by a tool of the provider's own."""


class _TextBlock(msgspec.Struct, tag_field="type", tag="text"):
    text: str


_TEXT_BLOCKS: Final = msgspec.json.Decoder(list[_TextBlock])


class Block:
    """One block."""

    __slots__ = ("fields", "type")

    def __init__(self, fields: dict[str, msgspec.Raw]) -> None:
        self.fields = fields
        self.type = self.string("type")

    def string(self, name: str) -> str:
        """A field that holds text; "" where it does not."""
        written = self.fields.get(name)
        return "" if written is None else (text_of(written) or "")

    @property
    def text(self) -> str:
        return self.string("text") if self.type == "text" else ""

    @property
    def call(self) -> ToolCall:
        """What a `tool_use` asks for. An input that is no JSON was kept as text: see `join`."""
        written = self.fields.get("input", NO_INPUT)
        arguments = text_of(written)
        if arguments is None:
            arguments = bytes(written).decode("utf-8", "replace")
        return ToolCall(self.string("id"), self.string("name"), arguments)

    @property
    def sealed(self) -> bool:
        """Whether it holds what only its author can read, or accepts as its own."""
        if self.type == "redacted_thinking":
            return bool(self.string("data"))
        if self.type.endswith("_tool_result"):
            return b'"encrypted_content"' in bytes(self.fields.get("content", NULL))
        return any(self.string(name) for name in _SEALED)

    def feed(self, digest: "hashlib.blake2b") -> None:
        """Its part in the digest of a message: a text counts the same alone and as a block, whatever is cached."""
        if self.type == "text":
            _feed_text(self.text, digest)
            return
        for name, written in self.fields.items():
            if name == "content" and self.type == "tool_result":
                digest.update(b"\0content")
                feed(written, digest)
            elif name != _CACHE:
                digest.update(b"\0" + name.encode("utf-8", "surrogatepass") + b"\0" + bytes(written))


def text_of(written: msgspec.Raw) -> str | None:
    """None for what is not text."""
    try:
        return _TEXT.decode(written)
    except _UNREADABLE:
        return None


def value_of(written: msgspec.Raw) -> Any:
    """None also where it cannot be held, such as a number of a thousand digits: it is passed on all the same."""
    try:
        return msgspec.json.decode(written)
    except _UNREADABLE:
        return None


def texts_of(content: msgspec.Raw) -> Sequence[str] | None:
    """The texts of content that holds nothing else, as most does; None where it may."""
    if memoryview(content)[:1].tobytes() == b'"':
        text = text_of(content)
        return None if text is None else (text,)
    try:
        return [block.text for block in _TEXT_BLOCKS.decode(content)]
    except _UNREADABLE:
        return None


def blocks_of(content: msgspec.Raw) -> Sequence[Block]:
    """Text is one block. Nothing for content that is neither text nor blocks: the upstream's to judge."""
    if memoryview(content)[:1].tobytes() == b'"':
        return (Block({"type": msgspec.Raw(b'"text"'), "text": content}),)
    try:
        return [Block(fields) for fields in _BLOCKS.decode(content)]
    except _UNREADABLE:
        return ()


def joined_text(blocks: Sequence[Block]) -> str:
    return "".join([block.text for block in blocks if block.type == "text"])


def has_parts(blocks: Sequence[Block]) -> bool:
    """Whether something is lost by reading only text and calls."""
    return any(block.type not in _PLAIN for block in blocks)


def feed(content: msgspec.Raw, digest: "hashlib.blake2b") -> None:
    texts = texts_of(content)
    if texts:
        for text in texts:
            _feed_text(text, digest)
        return
    blocks = blocks_of(content)
    if not blocks:
        digest.update(bytes(content))
    for block in blocks:
        block.feed(digest)


def _feed_text(text: str, digest: "hashlib.blake2b") -> None:
    digest.update(b"\0text\0" + text.encode("utf-8", "surrogatepass"))
