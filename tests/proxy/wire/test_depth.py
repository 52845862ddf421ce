"""Nesting is counted as a parser would, whatever the strings hold."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from proxy.wire.depth import deeper_than, depth_of

TEXT = st.text('[]{}"\\:, \nnu0é', max_size=12)
JSON = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=30,
)


def levels(document: Any) -> int:
    if isinstance(document, dict):
        return 1 + max(map(levels, document.values()), default=0)
    if isinstance(document, list):
        return 1 + max(map(levels, document), default=0)
    return 0


@given(JSON, st.booleans())
@example(["\\", ["[", ['"]']]], False)
@example({'a"': {"{\\": [[]]}}, True)
def test_the_depth_of_a_document_is_that_of_its_arrays_and_objects(document: Any, ascii_only: bool) -> None:
    assert depth_of(json.dumps(document, ensure_ascii=ascii_only).encode()) == levels(document)


@given(JSON, st.integers(1, 40))
def test_no_document_within_the_limit_is_called_too_deep(document: Any, limit: int) -> None:
    body = json.dumps(document).encode()
    if deeper_than(body, limit):
        assert levels(document) > limit


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from(["[%s]", '{"a":%s}', '[[],"]",%s,[{}]]']))
def test_what_is_deeper_is_found(depth: int, limit: int, nest: str) -> None:
    body = "1"
    for _ in range(depth):
        body = nest % body
    assert deeper_than(body.encode(), limit) == (levels(json.loads(body)) > limit)


@given(st.binary() | TEXT.map(str.encode))
def test_what_is_not_json_is_left_to_the_parser(body: bytes) -> None:
    deeper_than(body, 3)
