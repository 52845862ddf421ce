"""The shape of a call's arguments says which fields there are and what they look like, and never what they hold."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.tools.shape import kind_of, shape_of


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ('{"date": "1999-12-31", "city": "Paris"}', "city: word, date: date"),
        ('{"limit": 3, "near": [1.5, 2]}', "limit: integer, near: list"),
        ("{}", "no arguments"),
        ("", "no arguments"),
        ("[1]", "list"),
        ('{"a": ', "not JSON"),
    ],
)
def test_fields_are_named_with_the_kind_of_their_values(arguments: str, shape: str) -> None:
    assert shape_of(arguments) == shape


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
        ("", "empty text"),
        ("2026-11-22", "date"),
        ("2026-11-22T10:00:00Z", "time"),
        ("12/31/1999", "slashed date"),
        ("December 31, 1999", "written date"),
        ("31 Dec 1999", "written date"),
        ("-12.5", "number as text"),
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "identifier"),
        ("a@b.example", "email"),
        ("https://example.org/x", "url"),
        ("Paris", "word"),
        ("a few words", "text"),
        ("x" * 101, "long text"),
        ([], "empty list"),
        ([0], "list"),
        ({}, "empty object"),
        ({"a": 1}, "object"),
    ],
)
def test_values_are_told_apart_by_what_they_look_like(value: Any, kind: str) -> None:
    assert kind_of(value) == kind


def test_calls_with_many_fields_have_a_short_shape_all_the_same() -> None:
    assert shape_of(json.dumps({f"field {n:03}" * 20: n for n in range(100)})).count(":") == 12


@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(alphabet="xyz ", min_size=1, max_size=99)))
def test_shapes_keep_no_values(given: dict[str, Any]) -> None:
    other = {name: 7 if isinstance(value, int) else value.replace("x", "z") for name, value in given.items()}
    assert shape_of(json.dumps(given)) == shape_of(json.dumps(other))
