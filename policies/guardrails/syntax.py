"""The parse tree of a regular expression in RE2's syntax: how long its matches get, and the expression it came from.

It reads only what RE2 has accepted. Flags are written out at each character, and groups leave no trace;
so any part of a tree is an expression of its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

_REPEAT: Final = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_ESCAPE: Final = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|[0-7]{1,3}|.)", re.DOTALL)
_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|[^\]\\])*\]", re.DOTALL)
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED: Final = re.compile(r"\(\?P?<\w+>")
_EDGES: Final = frozenset({"^", "$", r"\A", r"\b", r"\B", r"\z"})


@dataclass(frozen=True)
class Char:
    """One character: itself, a class, an escape."""

    source: str
    least = most = 1


@dataclass(frozen=True)
class Edge:
    """A place between characters: `^`, `\\b` and the like."""

    source: str
    least = most = 0


@dataclass(frozen=True)
class Sequence:
    items: tuple["Node", ...]

    @cached_property
    def least(self) -> int:
        return sum(item.least for item in self.items)

    @cached_property
    def most(self) -> int | None:
        """None where there is no longest match."""
        longest = [item.most for item in self.items]
        return None if None in longest else sum(most for most in longest if most is not None)

    @property
    def source(self) -> str:
        return "".join(item.source for item in self.items)


@dataclass(frozen=True)
class Choice:
    items: tuple["Node", ...]

    @cached_property
    def least(self) -> int:
        return min(item.least for item in self.items)

    @cached_property
    def most(self) -> int | None:
        longest = [item.most for item in self.items]
        return None if None in longest else max(most for most in longest if most is not None)

    @property
    def source(self) -> str:
        return f"(?:{'|'.join(item.source for item in self.items)})"


@dataclass(frozen=True)
class Repeat:
    """`highest` is None where there is no bound."""

    item: "Node"
    lowest: int
    highest: int | None

    @property
    def least(self) -> int:
        return self.lowest * self.item.least

    @property
    def most(self) -> int | None:
        if self.highest is None or self.item.most is None:
            return 0 if self.item.most == 0 else None
        return self.highest * self.item.most

    @property
    def source(self) -> str:
        return f"(?:{self.item.source}){{{self.lowest},{'' if self.highest is None else self.highest}}}"


Node: TypeAlias = Char | Edge | Sequence | Choice | Repeat


class NotRead(ValueError):
    """A part of an expression that is not for rules."""


class Parsed(NamedTuple):
    """`groups` are the places in the expression where those that capture end."""

    node: Node
    groups: tuple[int, ...]


def parse(pattern: str) -> Parsed:
    """Raises NotRead."""
    reader = _Reader(pattern)
    return Parsed(reader.choice(""), tuple(reader.groups))


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups: list[int] = []

    def choice(self, flags: str) -> Node:
        """Up to the end of the group, and over it."""
        sequences: list[list[Node]] = [[]]
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            if char == ")":
                self.at += 1
                break
            if char == "|":
                self.at += 1
                sequences.append([])
            elif (flag := _FLAGS.match(self.pattern, self.at)) and flag[3] == ")":
                self.at = flag.end()
                flags = _changed(flags, flag)
            else:
                sequences[-1] += self.repeated(flags)
        choices = tuple(_sequence(tuple(items)) for items in sequences)
        return choices[0] if len(choices) == 1 else Choice(choices)

    def repeated(self, flags: str) -> Iterator[Node]:
        *before, node = self.item(flags)
        yield from before
        while found := _REPEAT.match(self.pattern, self.at):
            self.at = found.end()
            lowest, highest = _bounds(found)
            node = Repeat(node, lowest, highest)
        yield node

    def item(self, flags: str) -> list[Node]:
        """One character, group or edge; more only where text is quoted."""
        pattern, at = self.pattern, self.at
        if pattern[at] == "(":
            opened = _FLAGS.match(pattern, at) or _NAMED.match(pattern, at)
            self.at = opened.end() if opened else at + 1
            if opened is not None and opened.re is _FLAGS:
                return [self.choice(_changed(flags, opened))]
            inner = self.choice(flags)
            self.groups.append(self.at)
            return [inner]
        if pattern.startswith(r"\Q", at):
            quoted, _, _ = pattern[at + 2 :].partition(r"\E")
            self.at = min(at + 4 + len(quoted), len(pattern))
            return [_char(re.escape(char), flags) for char in quoted] or [Sequence(())]
        found = _CLASS.match(pattern, at) if pattern[at] == "[" else _ESCAPE.match(pattern, at)
        told = found.group() if found else pattern[at]
        self.at += len(told)
        if told == r"\C":
            raise NotRead(r"\C is a byte, and text has characters: write `.`")
        if told in _EDGES:
            return [Edge(_flagged(told, flags))]
        return [_char(told, flags)]


def _char(told: str, flags: str) -> Char:
    return Char(_flagged(told, flags))


def _flagged(told: str, flags: str) -> str:
    return f"(?{flags}:{told})" if flags else told


def _changed(flags: str, found: re.Match[str]) -> str:
    kept = set(flags) | set(found[1] or "")
    return "".join(sorted(kept - set(found[2] or "") - {"U"}))


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    if found[1]:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
    lowest = int(found[2])
    if not found[3]:
        return lowest, lowest
    return lowest, int(found[4]) if found[4] else None


def _sequence(items: tuple[Node, ...]) -> Node:
    return items[0] if len(items) == 1 else Sequence(items)
