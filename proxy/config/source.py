"""The YAML as read: values with references filled in, and the line of every key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from proxy.config.files import Stamp, read_whole
from proxy.config.interpolation import Interpolation, Unresolved, refers
from proxy.config.problems import Problem, Where

_DEEPEST = 32
_MOST_VALUES = 20_000
"""Counted after aliases are followed, so that a few lines cannot unfold into gigabytes."""


@dataclass(frozen=True)
class Mark:
    """Where a value stands in the file, and the reference it came from, if any."""

    line: int
    reference: str | None = None


@dataclass(frozen=True)
class Source:
    """A configuration file as read. `stamps` has every file it depends on, as it was; None for one not found."""

    file: str
    data: Any
    marks: Mapping[Where, Mark]
    stamps: Mapping[Path, Stamp | None]
    problems: tuple[Problem, ...]

    def mark(self, where: Where) -> Mark:
        """The mark of a value, or of the nearest thing around it."""
        while where not in self.marks and where:
            where = where[:-1]
        return self.marks.get(where, Mark(1))


def read(file: Path, env: Mapping[str, str]) -> Source:
    """Reads a file. What is wrong with it is in `problems`; nothing is raised."""
    interpolation = Interpolation(env, file.parent)
    stamps: dict[Path, Stamp | None] = {file: None}
    reader = _Reader(interpolation)
    data = None
    try:
        text, stamps[file] = read_whole(file)
        data = reader.tree(_compose(_decode(text)), ())
    except _Refused as refused:
        reader.problems.append(Problem((), str(refused), refused.line))
    except OSError as error:
        reader.problems.append(Problem((), f"cannot be read ({error.strerror})"))
    return Source(str(file), data, reader.marks, stamps | interpolation.stamps, tuple(reader.problems))


class _Refused(Exception):
    """The file as a whole cannot be used."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def _scalars_of_yaml_1_2() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Which plain scalars are not text, by first character: `yes`, `12:30` and dates are text."""
    kinds = (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
        ("merge", r"<<", ["<"]),
    )
    resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, pattern, firsts in kinds:
        for first in firsts:
            resolvers.setdefault(first, []).append((f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$")))
    return resolvers


class _Loader(yaml.SafeLoader):
    """Composes nodes to a bounded depth."""

    yaml_implicit_resolvers = _scalars_of_yaml_1_2()
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The next node, as the base class composes it."""
        self.depth += 1
        if self.depth > _DEEPEST:
            mark = self.get_mark()
            raise _Refused(f"is nested deeper than {_DEEPEST} levels", mark.line + 1)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _decode(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise _Refused("is not UTF-8 text", text[: error.start].count(b"\n") + 1) from None


def _compose(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        advice = ""
        if line is not None and refers(text.splitlines()[min(line, len(text.splitlines())) - 1]):
            advice = '; put "${…}" in quotes inside { }'
        raise _Refused(
            f"is not YAML: {', '.join(filter(None, (error.context, error.problem)))}{advice}", line
        ) from None
    except yaml.YAMLError as error:
        raise _Refused(f"is not YAML: {str(error).splitlines()[0]}") from None


class _Reader:
    """Turns YAML nodes into plain values, noting lines and problems on the way."""

    def __init__(self, interpolation: Interpolation) -> None:
        self._interpolation = interpolation
        self._values = 0
        self._merges = 0
        self.marks: dict[Where, Mark] = {}
        self.problems: list[Problem] = []

    def tree(self, node: yaml.Node | None, where: Where, line: int = 0) -> Any:
        """The value of a node; `line` is that of its key."""
        if node is None:
            return None
        line = line or node.start_mark.line + 1
        self._values += 1
        if self._values > _MOST_VALUES or len(where) > _DEEPEST:
            raise _Refused("unfolds into too many values; an alias repeats too much", line)
        self.marks.setdefault(where, Mark(line))
        if isinstance(node, yaml.MappingNode) and node.tag.endswith(":map"):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode) and node.tag.endswith(":seq"):
            return [
                self.tree(item, (*where, position), item.start_mark.line + 1)
                for position, item in enumerate(node.value)
            ]
        return self._scalar(node, where, line)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag.endswith(":merge"):
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif not isinstance(key, yaml.ScalarNode):
                self.problems.append(Problem(where, "a key must be plain text", line))
            elif key.value in found:
                first = self.marks[*where, key.value].line
                self.problems.append(Problem((*where, key.value), f"is given twice; first on line {first}", line))
            else:
                found[key.value] = self.tree(value, (*where, key.value), line)
        for base in merged:
            line = base.start_mark.line + 1
            if not isinstance(base, yaml.MappingNode):
                self.problems.append(Problem(where, "<< expects an alias of a mapping", line))
                continue
            inherited = [(key, value) for key, value in base.value if key.value not in found]
            self._merges += 1
            if self._merges > _DEEPEST:
                raise _Refused("merges << too deeply", line)
            found |= self._mapping(yaml.MappingNode(base.tag, inherited), where)
            self._merges -= 1
        return found

    def _scalar(self, node: yaml.Node, where: Where, line: int) -> Any:
        kind, text = node.tag.removeprefix("tag:yaml.org,2002:"), node.value
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
                case "float":
                    return float(text)
                case "str":
                    if refers(text):
                        self.marks[where] = Mark(line, text)
                    return self._interpolation.fill(text)
            raise Unresolved(f"YAML tag {node.tag} is not supported")
        except Unresolved as error:
            self.problems.append(Problem(where, str(error), line))
        except ValueError:
            self.problems.append(Problem(where, f"is not a YAML {kind}", line))
        return None
