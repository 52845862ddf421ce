"""Whose seal is on a thought: a model takes back only its own, and a client only carries it.

A provider's seal stays as it is for a client of the same dialect. In another's words it is marked, so that it is known
again when the client sends it back, and reaches the provider that it came from, but no other.
"""

from typing import Final

from proxy.wire.convert.conversation import Dialect, Seal

_MARKS: Final[dict[str, tuple[Dialect, bool]]] = {
    "burnish:openai:": ("openai", False),
    "burnish:anthropic:": ("anthropic", False),
    "burnish:anthropic-redacted:": ("anthropic", True),
}


def read_seal(text: str, dialect: Dialect, *, redacted: bool = False) -> Seal:
    """What a request or an answer in this dialect calls a signature, encrypted or redacted content."""
    for mark, (whose, hidden) in _MARKS.items():
        if text.startswith(mark):
            return Seal(whose, text.removeprefix(mark), hidden)
    return Seal(dialect, text, redacted)


def write_seal(seal: Seal, dialect: Dialect) -> str:
    if seal.dialect == dialect:
        return seal.value
    mark = next(mark for mark, told in _MARKS.items() if told == (seal.dialect, seal.redacted))
    return mark + seal.value
