"""Halves of surrogate pairs, which some servers send where they cut a text between two chunks; no JSON of ours may
have them."""

import re
from typing import Final

# A pair, else a half; an escaped backslash is taken first, so that what follows it is not an escape.
_HALF: Final = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")


def without_halves(data: bytes) -> bytes:
    """The same JSON with the sign for what cannot be read in place of each half."""
    return _HALF.sub(lambda found: b"\\ufffd" if found[1] else found[0], data)
