"""What text says to who decodes it: base64, hexadecimal, binary and percent signs, where that comes to words."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

_SHORTEST: Final = 20
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{20,}")
_BINARY: Final = re.compile(r"[01]{8}(?: ?[01]{8}){5,}")
_PERCENTS: Final = 4


def decoded(text: str) -> Iterator[str]:
    """Each passage that comes to words; nothing is decoded twice."""
    for word in text.split():
        if len(word) >= _SHORTEST:
            for found in _HEX.finditer(word):
                yield from _words(bytes.fromhex(found.group()[: len(found.group()) // 2 * 2]))
            for found in _BASE64.finditer(word):
                yield from _words(_unpacked(found.group()))
    if "0110" in text:
        for found in _BINARY.finditer(text):
            bits = found.group().replace(" ", "")
            yield from _words(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    if text.count("%") >= _PERCENTS:
        yield unquote(text)


def _unpacked(told: str) -> bytes:
    told = told.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(told + "=" * (-len(told) % 4))
    except binascii.Error:
        return b""


def _words(told: bytes) -> Iterator[str]:
    """Bytes that are text with more than one word."""
    try:
        text = told.decode()
    except UnicodeDecodeError:
        return
    if " " in text and text.isprintable():
        yield text
