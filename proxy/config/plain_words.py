"""pydantic's errors in plain words, at the place in the file that caused them."""

import re
from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

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
    return [_problem(details, model, data, is_secret) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, model: type[BaseModel], data: Any, is_secret: Callable[[Where], bool]) -> Problem:
    kind, loc, value = details["type"], details["loc"], details["input"]
    if kind == "extra_forbidden":
        return Problem(loc, f"unknown key{suggestion(str(loc[-1]), _fields(model, loc[:-1]))}")
    where, message = _within(data, loc), _words(details)
    if loc[-1:] != ("[key]",) and kind not in _TELL_ENOUGH and isinstance(value, str | int | float):
        if is_secret(where):
            return Problem(where, message)
        message += f", got {shown(value)}"
        if kind == "literal_error":
            message += suggestion(str(value), re.findall(r"'([^']*)'", details["ctx"]["expected"]))
    return Problem(where, message)


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


def _fields(annotation: Any, loc: Where) -> Iterator[str]:
    """The keys that the model at this location knows."""
    for candidate in _models(annotation):
        if not loc:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                yield from candidate.model_fields
        elif isinstance(candidate, type) and issubclass(candidate, BaseModel):
            if loc[0] in candidate.model_fields:
                yield from _fields(candidate.model_fields[str(loc[0])].annotation, loc[1:])
        elif arguments := get_args(candidate):
            yield from _fields(arguments[1] if get_origin(candidate) is dict else arguments[0], loc[1:])


def _models(annotation: Any) -> Iterator[Any]:
    """The annotation without `Annotated`, and each side of a union."""
    if get_origin(annotation) is Annotated:
        yield from _models(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for side in get_args(annotation):
            if side is not NoneType:
                yield from _models(side)
    else:
        yield annotation
