"""Whether an answer is JSON that fits a JSON Schema: the owner's, or the one that the client sent along.

A client's schema is not trusted. Its references are not fetched, its patterns run in linear time, and how often it may
refer to itself is bounded: a few lines of schema can ask for more work than there is time.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # it comes without types
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend as _extend
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from policies.critique.verifiers.verdict import BadCheck, Unchecked, Verdict, failed, passed
from records import JsonValue

NAME: Final = "json_schema"
_ERRORS: Final = 5
"""How many errors are told."""
_REFERENCES: Final = 2_000
"""How often one validation may follow a reference: some tenths of a second of work."""
_LONGEST: Final = 1_000_000
"""Characters; a longer answer is not checked."""
_UNBOUNDED: Final = frozenset({"patternProperties", "unevaluatedProperties"})
"""Keywords by which the library runs patterns that may take exponential time."""


class JsonSchema:
    """A compiled schema. Raises `BadCheck` for one that is wrong or cannot be checked safely."""

    def __init__(self, schema: JsonValue) -> None:
        if not isinstance(schema, dict | bool):
            raise BadCheck("a JSON Schema is an object, or true or false")
        base: Any = validator_for(schema, default=Draft202012Validator)
        try:
            base.check_schema(schema)
            _refuse_unbounded(schema)
        except SchemaError as error:
            raise BadCheck(f"no JSON Schema: {error.message} at {error.json_path}") from None
        except RecursionError:
            raise BadCheck("the schema is nested too deeply; flatten it") from None
        self._schema = schema
        self._kind = extend(base, {"pattern": _pattern})
        self._follow = {name: base.VALIDATORS[name] for name in ("$ref", "$dynamicRef") if name in base.VALIDATORS}

    def __call__(self, answer: str) -> Verdict | Unchecked:
        if len(answer) > _LONGEST:
            return Unchecked(NAME, f"the answer is longer than {_LONGEST} characters")
        try:
            document = json.loads(answer, parse_constant=_no_number)
        except ValueError as error:
            return failed(NAME, _no_json(answer, error))
        except RecursionError:
            return failed(NAME, "The answer is JSON nested too deeply.")
        try:
            # Told as they are found, for a document can be wrong in a million places.
            found = [error for error, _ in zip(self._validator().iter_errors(document), range(_ERRORS), strict=False)]
            errors = [best_match([error]) for error in found]
        except (_TooMuch, RecursionError):
            return Unchecked(NAME, "the schema refers to itself too often")
        except Unresolvable as error:
            return Unchecked(NAME, f"the schema refers to what it does not hold: {error}")
        if not errors:
            return passed(NAME)
        lines = [_line(error) for error in errors if error is not None]
        return failed(NAME, "The answer does not fit its JSON Schema:\n" + "\n".join(lines), 1 / (1 + len(lines)))

    def _validator(self) -> Validator:
        left = _REFERENCES

        def bounded(follow: Any) -> Any:
            def rule(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
                nonlocal left
                left -= 1
                if left < 0:
                    raise _TooMuch
                yield from follow(validator, value, instance, schema) or ()

            return rule

        kind = extend(self._kind, {name: bounded(follow) for name, follow in self._follow.items()})
        # A registry of its own: with the default one, a reference to an address would be fetched.
        validator: Validator = kind(self._schema, registry=Registry())
        return validator


# It comes without a signature.
extend: Final[Callable[[Any, Mapping[str, Any]], Any]] = _extend


class _TooMuch(Exception):
    pass


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re2.search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _refuse_unbounded(schema: JsonValue) -> None:
    match schema:
        case Mapping():
            for name, value in schema.items():
                if name in _UNBOUNDED:
                    raise BadCheck(f"{name} is not checked; describe the properties by `properties`")
                if name == "pattern" and isinstance(value, str):
                    _refuse_pattern(value)
                _refuse_unbounded(value)
        case list():
            for item in schema:
                _refuse_unbounded(item)


def _refuse_pattern(pattern: str) -> None:
    try:
        re2.compile(pattern, _quiet())
    except re2.error as error:
        raise BadCheck(f"pattern {pattern!r} is not one of RE2: {error}") from None


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _no_json(answer: str, error: ValueError) -> str:
    """In words that a model can follow: what stands around the JSON is the usual reason."""
    if answer.lstrip().startswith("```"):
        return (
            "The answer is not JSON: it stands in a code fence. It must begin with the JSON itself, with no ``` at all."
        )
    return f"The answer is not JSON: {error}. It must be one JSON document and nothing else."


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _line(error: ValidationError) -> str:
    message = error.message if len(error.message) <= 200 else f"{error.message[:200]}…"
    return f"at {error.json_path}: {message}"
