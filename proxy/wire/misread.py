"""Why a request could not be read, in words for whoever wrote it."""

import re
from typing import Final

import msgspec

from proxy.errors import BadRequest

_EXPECTED: Final = re.compile("Expected `(.*)`, got `(.*)`")
_MISSING: Final = re.compile("Object missing required field `(.*)`")
_WORDS: Final = {
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "array": "a list",
    "object": "an object",
}
_BOM: Final = b"\xef\xbb\xbf"
# A pair, else a half; an escaped backslash is taken first, so that what follows it is not an escape.
_SURROGATES: Final = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")


def wrong_type(error: msgspec.ValidationError) -> BadRequest:
    """For JSON in which a field is missing or of a type that cannot be worked with."""
    what, _, path = str(error).partition(" - at `$")
    param = path.rstrip("`").lstrip(".")
    if missing := _MISSING.fullmatch(what):
        return missing_field(f"{param}.{missing[1]}" if param else missing[1])
    if expected := _EXPECTED.fullmatch(what):
        what = f"expected {_said(expected[1])}, got {_said(expected[2])}"
    return BadRequest(f"{param or 'the body'}: {what}", param=param or None, code="invalid_type")


def missing_field(param: str) -> BadRequest:
    return BadRequest(f"{param}: is missing", param=param, code="missing_field")


def not_json(error: msgspec.DecodeError, body: bytes) -> BadRequest:
    """For what is no JSON at all."""
    if not body.strip():
        why = "it is empty; send an object"
    elif body.startswith(_BOM):
        why = "it begins with a byte order mark; send UTF-8 without one"
    elif half := next((found for found in _SURROGATES.finditer(body) if found[1]), None):
        why = f"{half[1].decode('ascii', 'replace')} (byte {half.start()}) is half of a surrogate pair and no character"
    else:
        why = str(error).removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
    return BadRequest(f"the body is not valid JSON: {why}", code="invalid_json")


def not_text(error: UnicodeDecodeError) -> BadRequest:
    return BadRequest(f"the body is not valid UTF-8 (byte {error.start}); JSON is sent in UTF-8", code="invalid_utf8")


def _said(types: str) -> str:
    return " or ".join(_WORDS.get(name, name) for name in types.split(" | "))
