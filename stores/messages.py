"""A request's body as the parts it shares with other requests, and back again to the byte.

An agent sends its whole conversation with every call. What repeats (messages, system prompt, tools) is kept once under
a digest; what is left of the body is the text between. Parts are slices of the text, so joining gives the very bytes
whatever the spacing, the order of the keys or the escapes.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

Digest: TypeAlias = bytes

SHARED: Final = 64
"""Bytes from which a message is worth a row of its own; a digest with its bookkeeping costs about as much."""

SHARED_AT_FIRST: Final = 1024
"""The same for a conversation's first call, most of which may never be repeated."""

_CONVERSATIONS: Final = ("messages", "input")
_IN_BLOCKS: Final = "system"
"""What clients write as blocks, since it is large and a small part of it changes: a date, a checksum."""

_OF_OBJECTS: Final = re.compile(rb"\[\s*\{")
"""How a list of messages begins, and no list of texts or of token ids."""

_TOP: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Template(msgspec.Struct, frozen=True, array_like=True):
    """A body with its shared parts cut out: `between[0] parts[0] between[1] … between[-1]`."""

    between: tuple[bytes, ...]
    parts: tuple[Digest, ...]

    def join(self, parts: Mapping[Digest, bytes]) -> str:
        """The body. Raises `KeyError` with the digest of a part that is not there."""
        pieces = [self.between[0]]
        for digest, after in zip(self.parts, self.between[1:], strict=True):
            pieces += (parts[digest], after)
        return b"".join(pieces).decode()


class Body:
    """A body parsed as far as its conversation's messages, each still text."""

    __slots__ = ("conversation", "messages", "text", "top")

    def __init__(self, text: str) -> None:
        self.text = text
        self.top: dict[str, msgspec.Raw] = {}
        self.conversation: str | None = None
        self.messages: list[msgspec.Raw] = []
        try:
            self.top = _TOP.decode(text)
            for name in _CONVERSATIONS:
                if _OF_OBJECTS.match(self.top.get(name, b"")):
                    self.messages = _LIST.decode(self.top[name])
                    self.conversation = name
                    break
        except (msgspec.DecodeError, RecursionError):
            # Not a JSON object, or one too deep to look into: kept whole.
            self.top = {}

    def split(self, digest_of: Callable[[bytes], Digest], shared: dict[Digest, bytes]) -> Template | None:
        """The template, its parts added to `shared`; None where nothing is worth sharing."""
        # A first call is a system prompt and a question.
        least = SHARED if len(self.messages) > 2 else SHARED_AT_FIRST
        if len(self.text) < least:
            return None
        whole = self.text.encode()
        found: dict[Digest, bytes] = {}
        between, digests = [], []
        end = 0
        for part in self._parts(least):
            # The text's own order is kept, so what is found first is the part itself, or its equal before it.
            start = whole.find(part, end)
            if start < 0:  # a key written twice: its last value stands at its first place
                return None
            digest = digest_of(part)
            found[digest] = part
            digests.append(digest)
            between.append(whole[end:start])
            end = start + len(part)
        if not digests:
            return None
        shared.update(found)
        return Template((*between, whole[end:]), tuple(digests))

    def _parts(self, least: int) -> list[bytes]:
        parts = []
        for name, value in self.top.items():
            if name == self.conversation:
                parts += [part for part in map(bytes, self.messages) if len(part) >= least]
            elif len(whole := bytes(value)) >= SHARED_AT_FIRST:
                blocks = _LIST.decode(whole) if name == _IN_BLOCKS and _OF_OBJECTS.match(whole) else (whole,)
                parts += [part for part in map(bytes, blocks) if len(part) >= SHARED_AT_FIRST]
        return parts


def digests_for(tenant: str) -> Callable[[bytes], Digest]:
    """Digests that only this tenant shares, so that equal texts of two tenants cannot be seen to be equal."""
    keyed = hashlib.blake2b(digest_size=20, key=hashlib.sha256(tenant.encode()).digest())

    def digest_of(part: bytes) -> Digest:
        copy = keyed.copy()
        copy.update(part)
        return copy.digest()

    return digest_of
