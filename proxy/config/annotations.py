"""Walks the types of pydantic models the way pydantic's error locations do."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from proxy.config.problems import Where


class Choice(NamedTuple):
    """Where a location enters one side of a union: pydantic names the side between `before` and `after`."""

    before: Where
    side: str
    after: Where


def first_choice(annotation: Any, loc: Where) -> Choice | None:
    """The first union on the way."""
    for depth, part in enumerate(loc):
        sides = list(sides_of(annotation))
        if len(sides) > 1:
            return Choice(loc[:depth], str(part), loc[depth + 1 :])
        annotation = _inside(sides[0], part)
    return None


def at(annotation: Any, loc: Where) -> list[Any]:
    """The types a location can have; unions on the way are entered on every side."""
    found = list(sides_of(annotation))
    for part in loc:
        found = [inner for side in found for inner in sides_of(_inside(side, part))]
    return found


def keys_at(annotation: Any, loc: Where) -> list[str]:
    """The keys that the models at a location know."""
    return [key for side in at(annotation, loc) if _is_model(side) for key in side.model_fields]


def sides_of(annotation: Any) -> Iterator[Any]:
    """The type without `Annotated` and None, one by one if it is a union."""
    if get_origin(annotation) is Annotated:
        yield from sides_of(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for side in get_args(annotation):
            if side is not NoneType:
                yield from sides_of(side)
    else:
        yield annotation


def in_words(annotation: Any) -> str:
    """What a value of this type looks like in the file."""
    if get_origin(annotation) is Literal:
        return " or ".join(repr(value) for value in get_args(annotation))
    if _is_model(annotation):
        needed = [name for name, field in annotation.model_fields.items() if field.is_required()]
        return f"a mapping with {' and '.join(needed)}" if needed else "a mapping"
    plain = get_origin(annotation) or annotation
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "a mapping"}
    return names.get(plain, "a list")


def _inside(annotation: Any, part: str | int) -> Any:
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return field.annotation if field else Any
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if arguments else Any


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
