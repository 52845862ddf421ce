"""An answer is valid or it is told where it is not; a schema of a stranger can neither fetch nor stall."""

import json
import time
from typing import Any

import pytest

from policies.critique.verifiers.json_schema import JsonSchema
from policies.critique.verifiers.verdict import BadCheck, Unchecked, Verdict

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "code": {"pattern": "^[a-z]+$"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def verdict(answer: str, schema: Any = PERSON) -> Verdict:
    found = JsonSchema(schema)(answer)
    assert isinstance(found, Verdict)
    return found


def test_what_fits_passes() -> None:
    assert verdict('{"name": "Ada", "age": 36}').passed
    assert verdict(' {"name": "Ada",\n "age": 36} ').passed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Sure! Here you are: {}", "The answer is not JSON"),
        ('```json\n{"name": "Ada", "age": 36}\n```', "The answer is not JSON"),
        ('{"name": "Ada", "age": NaN}', "NaN is not a number of JSON"),
        ('{"name": "Ada"}', "'age' is a required property"),
        ('{"name": "Ada", "age": "36"}', "at $.age: '36' is not of type 'integer'"),
        ('{"name": "Ada", "age": 36, "x": 1}', "'x' was unexpected"),
        ('{"name": "Ada", "age": 36, "code": "A1"}', "at $.code: 'A1' does not match '^[a-z]+$'"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_does_not_fit_is_told_where(answer: str, said: str) -> None:
    found = verdict(answer)
    assert not found.passed
    assert said in found.said


def test_json_with_fewer_errors_is_worth_more_and_no_json_nothing() -> None:
    values = [
        verdict(a).value for a in ("no", '{"age": "36", "x": 1}', '{"name": "Ada"}', '{"name": "Ada", "age": 36}')
    ]
    assert values == sorted(set(values))
    assert values[0] == 0
    assert values[-1] == 1


def test_what_is_said_of_a_document_wrong_everywhere_stays_short() -> None:
    found = verdict(json.dumps(["wrong " * 100] * 1_000), {"items": {"type": "integer"}})
    assert len(found.said) < 1_000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"pattern": "("},
        {"properties": {"a": {"pattern": "(?=look)ahead"}}},
        {"patternProperties": {"(a+)+$": {}}},
        ["no", "schema"],
        None,
    ],
)
def test_a_schema_that_is_wrong_or_cannot_be_checked_safely_is_refused(schema: Any) -> None:
    with pytest.raises(BadCheck):
        JsonSchema(schema)


def test_a_reference_to_an_address_is_not_fetched() -> None:
    found = JsonSchema({"$ref": "http://127.0.0.1:1/schema.json"})("1")
    assert isinstance(found, Unchecked)
    assert "refers to what it does not hold" in found.why


def test_references_within_a_schema_are_followed() -> None:
    tree = {"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}
    assert verdict("[[], [[]]]", tree).passed
    assert not verdict("[[], [[1]]]", tree).passed


def test_a_schema_that_asks_for_exponential_work_is_given_up() -> None:
    twice = [{"items": {"$ref": "#/$defs/x"}}, {"items": {"$ref": "#/$defs/x"}, "minItems": 1}]
    evil = {
        "$defs": {"x": {"allOf": [{"anyOf": twice}, {"anyOf": twice}, {"not": {"type": "integer"}}]}},
        "$ref": "#/$defs/x",
    }
    found = JsonSchema(evil)("[" * 40 + "1" + "]" * 40)
    assert isinstance(found, Unchecked)
    assert "too often" in found.why


def test_a_pattern_that_backtracks_elsewhere_takes_linear_time_here() -> None:
    answer = json.dumps("a" * 50_000 + "!")
    started = time.process_time()
    assert not verdict(answer, {"type": "string", "pattern": "^(a+)+$"}).passed
    # Twenty-five letters take a backtracking engine minutes.
    assert time.process_time() - started < 5
