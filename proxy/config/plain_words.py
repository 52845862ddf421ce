"""pydantic's errors in plain words, at the place in the file that caused them."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from proxy.config.annotations import at, first_choice, in_words, keys_at
from proxy.config.problems import Problem, Where, shown, suggestion, value_at

_WORDS = {
    "missing": "is missing",
    "string_type": "expected text; put it in quotes",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "dict_type": "expected a mapping",
    "model_type": "expected a mapping",
    "model_attributes_type": "expected a mapping",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "expected at least {min_length} of them",
    "string_too_short": "may not be empty",
    "literal_error": "expected {expected}",
}
_OTHER_KEYS = ("missing", "extra_forbidden")
_TELL_ENOUGH = (
    "boolean",
    "missing",
    "too_short",
    "string_too_short",
    "dict_type",
    "model_type",
    "model_attributes_type",
    "list_type",
    "tuple_type",
)


def problems_of(
    error: ValidationError, model: type[BaseModel], data: Any, is_secret: Callable[[Where], bool]
) -> list[Problem]:
    """Each thing pydantic found, placed from the top of `data`; values that are secret stay out of the messages."""
    plain, unions = _by_union(error.errors(include_url=False), model)
    problems = [_problem(details, model, data, is_secret) for details in plain]
    for before, sides in unions.items():
        meant = [side for side in sides.values() if not any(_misfits(details) for details in side)]
        if len(meant) == 1:
            problems += [_problem(details, model, data, is_secret) for details in meant[0]]
        else:
            value = value_at(data, before)
            expected = ", or ".join(in_words(side) for side in at(model, before))
            problems.append(Problem(before, f"expected {expected}{_got(value, before, is_secret)}"))
    return problems


Unions = dict[Where, dict[str, list[ErrorDetails]]]


def _by_union(errors: list[ErrorDetails], model: type[BaseModel]) -> tuple[list[ErrorDetails], Unions]:
    """Errors outside unions, and the others by union and side, their locations counted without the name of the side."""
    plain: list[ErrorDetails] = []
    unions: Unions = {}
    for details in errors:
        choice = first_choice(model, details["loc"])
        if choice is None:
            plain.append(details)
            continue
        there: ErrorDetails = {**details, "loc": (*choice.before, *choice.after)}
        there["ctx"] = {**details.get("ctx", {}), "below": len(choice.after)}
        unions.setdefault(choice.before, {}).setdefault(choice.side, []).append(there)
    return plain, unions


def _misfits(details: ErrorDetails) -> bool:
    """Whether an error says that this side of the union was not meant at all."""
    below = details["ctx"]["below"]
    return (below == 0 and "error" not in details["ctx"]) or (below == 1 and details["type"] in _OTHER_KEYS)


def _problem(details: ErrorDetails, model: type[BaseModel], data: Any, is_secret: Callable[[Where], bool]) -> Problem:
    kind, loc = details["type"], details["loc"]
    if kind == "extra_forbidden":
        return Problem(loc, f"unknown key{suggestion(str(loc[-1]), keys_at(model, loc[:-1]))}")
    where, message = _within(data, loc), _words(details)
    if loc[-1:] == ("[key]",) or kind in _TELL_ENOUGH:
        return Problem(where, message)
    got = _got(details["input"], where, is_secret)
    if got and kind == "literal_error":
        got += suggestion(str(details["input"]), re.findall(r"'([^']*)'", details["ctx"]["expected"]))
    return Problem(where, message + got)


def _got(value: object, where: Where, is_secret: Callable[[Where], bool]) -> str:
    return f", got {shown(value)}" if isinstance(value, str | int | float) and not is_secret(where) else ""


def _words(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if "error" in context:
        return str(context["error"])
    words = _WORDS.get(details["type"])
    bounds = {name: f"{bound:.15g}" for name, bound in context.items() if isinstance(bound, int | float)}
    return words.format(**context | bounds) if words else details["msg"]


def _within(data: Any, loc: Where) -> Where:
    """The part of pydantic's location that the file has; it also counts into what a validator made of a value."""
    for depth, part in enumerate(loc):
        if part == "[key]" or not isinstance(value_at(data, loc[:depth]), dict | list | None):
            return loc[:depth]
    return loc
