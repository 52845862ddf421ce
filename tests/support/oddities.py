"""Hypothesis strategies for what goes wrong in JSON: documents near a good one, and bytes near a document."""

import copy
import json
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

TEXT: Final = st.text(max_size=8) | st.text(max_size=8) | st.text(st.characters(exclude_categories=()), max_size=12)
"""Half surrogate pairs among it."""
NUMBERS: Final = st.integers() | st.integers(-3, 3) | st.integers(2**62, 2**70) | st.floats()
_BEYOND: Final = {
    "<digits>": b"9" * 5000,
    "<huge>": b"1e999",
    "<nothing>": b"",
    "<closing>": b'"' + b"]}" * 600 + b'"',
    "<null>": b'"a\x00b"',
}
"""JSON, or nearly, that no Python value stands for: by the text that stands for it here."""
_NESTED: Final = "<nested>"
_DEPTHS: Final = st.sampled_from([100, 130, 254, 255, 500, 930, 945, 960, 975, 985, 995, 1024, 3000])
_NESTS: Final = st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"b":[', b"]}]")])

_BYTES: Final = st.text('{}[]",:\\u0e-', max_size=4).map(str.encode) | st.binary(max_size=4)
_LEAVES: Final = st.none() | st.booleans() | NUMBERS | TEXT | st.sampled_from([*_BEYOND]) | st.just(_NESTED)
ODD_JSON: Final = _LEAVES | st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def near(draw: st.DrawFn, document: Any, names: Sequence[str] = ()) -> Any:
    """`document` with up to three values replaced, taken away, or put in under one of `names` or any other."""
    root = [copy.deepcopy(document)]
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        holder, key = draw(st.sampled_from(_places(root)))
        match draw(st.sampled_from(["replace", "remove", "add", "repeat"])):
            case "remove" if holder is not root:
                del holder[key]
            case "add" if isinstance(holder[key], dict):
                holder[key][draw(st.sampled_from(names) | TEXT if names else TEXT)] = draw(ODD_JSON)
            case "repeat" if isinstance(holder[key], list):
                holder[key] *= 2
            case _:
                holder[key] = draw(ODD_JSON)
    return root[0]


@st.composite
def written(draw: st.DrawFn, documents: st.SearchStrategy[Any], *, intact: bool = False) -> bytes:
    """A document as bytes, in ASCII or UTF-8, closely or loosely; unless `intact`, at times with some bytes wrong."""
    ascii_only, separators = draw(st.booleans()), draw(st.sampled_from([None, (",", ":"), (" ,\n", "\t:\r\n")]))
    text = json.dumps(draw(documents), ensure_ascii=ascii_only, separators=separators)
    body = text.encode("utf-8", "surrogatepass")
    for name, stands_for in _BEYOND.items():
        body = body.replace(f'"{name}"'.encode(), stands_for)
    while f'"{_NESTED}"'.encode() in body:
        depth, (opening, closing) = draw(_DEPTHS), draw(_NESTS)
        body = body.replace(f'"{_NESTED}"'.encode(), opening * depth + b"1" + closing * depth, 1)
    for _ in range(0 if intact else draw(st.sampled_from([0, 0, 0, 1, 2]))):
        start = draw(st.integers(0, len(body)))
        body = body[:start] + draw(_BYTES) + body[start + draw(st.integers(0, 4)) :]
    return body


def _places(root: list[Any]) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = [(root, 0)]
    for holder, key in found:
        value = holder[key]
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        found += [(value, each) for each in keys]
    return found
