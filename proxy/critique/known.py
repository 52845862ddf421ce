"""What is known of one agent's critique as the document it is kept in."""

from typing import Final

import msgspec

from policies.critique.worth import CritiqueState

VERSION: Final = 1
"""Of the document; another one is made again from the runs."""


class Known(msgspec.Struct):
    """All that must outlive the process; it can be made again from the record. It holds no words."""

    version: int = VERSION
    runs: int = 0
    """Up to where runs were settled, by the store's order."""

    critique: CritiqueState = msgspec.field(default_factory=CritiqueState)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Known).decode


def encoded(known: Known) -> bytes:
    return _encode(known)


def known_from(state: bytes) -> Known | None:
    """None where it was written by another version of Burnish."""
    try:
        known = _decode(state)
    except msgspec.MsgspecError:
        return None
    return known if known.version == VERSION else None
