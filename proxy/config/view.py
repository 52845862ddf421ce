"""The configuration in force, for people: every value with where it came from, secrets masked."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from proxy.config.interpolation import names
from proxy.config.model import Config
from proxy.config.problems import Where, value_at
from proxy.config.source import Source

MASK = "**********"
"""What pydantic shows of a secret."""


def masked(config: Config, source: Source) -> dict[str, Any]:
    """The effective configuration in the shape of the file, without secrets."""
    data = config.model_dump(mode="json")
    for name, agent in data["agents"].items():
        agent["middleware"] = [
            {step["name"]: {"enabled": step["enabled"], "on_error": step["on_error"], **step["settings"]}}
            for step in agent["middleware"]
        ]
        _mask_references(agent["middleware"], ("agents", name, "middleware"), source)
        for variant, changes in agent["variants"].items():
            _mask_references(changes["steps"], ("agents", name, "variants", variant, "steps"), source)
    for key in ("url", "redis", "chroma"):
        data["records"][key] = _without_password(data["records"][key])
    return data


def origins(data: dict[str, Any], source: Source) -> dict[Where, str]:
    """Where each value of the masked configuration came from: a line, with the reference it holds, or `default`."""
    return {where: _origin(where, source) for where in _leaves(data, ())}


def annotated(data: dict[str, Any], origins: Mapping[Where, str]) -> Iterator[str]:
    """The configuration as YAML, each value with its origin as a comment."""
    rows = list(_rows(data, origins, (), 0))
    width = min(60, max((len(text) for text, origin in rows if origin), default=0))
    return (f"{text:<{width}}  # {origin}" if origin else text for text, origin in rows)


def _rows(data: Any, origins: Mapping[Where, str], where: Where, depth: int) -> Iterator[tuple[str, str]]:
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        lead = "  " * depth + (f"{_scalar(key)}:" if isinstance(data, dict) else "-")
        inner = (*where, key)
        if inner in origins:
            yield f"{lead} {_scalar(value)}", origins[inner]
        else:
            yield lead, ""
            yield from _rows(value, origins, inner, depth + 1)


def _scalar(value: Any) -> str:
    """A value as YAML reads it back; JSON is YAML, and plain words need no quotes."""
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z./][\w./:@-]*(?<!:)", value)
    if plain and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n"):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _origin(where: Where, source: Source) -> str:
    found = where
    while found and found not in source.marks:
        if value_at(source.data, found[:-1]) is not None and isinstance(found[-1], str):
            return "default"
        found = found[:-1]
    mark = source.mark(found)
    place = f"{source.file}:{mark.line}" if found else "default"
    return " ".join((place, *names(mark.reference or "")))


def _leaves(data: Any, where: Where) -> list[Where]:
    entries: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        entries = list(data.items())
    elif isinstance(data, list):
        entries = list(enumerate(data))
    return [leaf for key, value in entries for leaf in _leaves(value, (*where, key))] if entries else [where]


def _mask_references(data: Any, where: Where, source: Source) -> None:
    """A step's settings are its own: any of them that came from outside the file may be a secret."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, dict | list):
            _mask_references(value, (*where, key), source)
        elif value and source.mark((*where, key)).reference is not None:
            data[key] = MASK


def _without_password(url: str | None) -> str | None:
    return url and re.sub(r"//([^/@:]*):[^@]*@", rf"//\1:{MASK}@", url)
