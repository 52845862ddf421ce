"""One rule, ready to be looked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.guardrails.checks import Check
from policies.guardrails.programs import BadPattern, Program
from policies.guardrails.rule import Rule
from policies.guardrails.syntax import Char, Choice, Node, NotRead, Repeat, Sequence, parse
from policies.guardrails.words import any_word

MOST_FOUND: Final = 120
"""Of one rule in one text. Each takes up to 28 µs, and no text is to take more than 5 ms for 100 kB."""
MOST_FAILED: Final = 300
"""Candidates of one rule in one text that its check says no to; each takes up to 6 µs."""


class BadRule(ValueError):
    """`why` says what is wrong with the rule and what to write."""

    def __init__(self, id: str, why: str) -> None:
        super().__init__(f"rule {id!r}: {why}")
        self.id = id
        self.why = why


@dataclass(slots=True)
class Range:
    """What is to be masked, in bytes of what is read. `sure` is the end of the match alone, without `rest`. `last`
    where it goes on to the end of the text, whatever comes. `allowed`: it is not to be masked, and nothing in it."""

    seeker: "Seeker"
    start: int
    sure: int
    end: int
    last: bool = False
    allowed: bool = False

    @property
    def open(self) -> bool:
        """Whether it may go on."""
        return self.last or self.seeker.rests

    def go_on(self, data: bytes) -> None:
        self.end = len(data) if self.last else self.seeker.goes_on(data, self.end)

    def order(self) -> tuple[int, int, int]:
        return self.start, -self.sure, self.seeker.place


@dataclass(slots=True)
class Tally:
    """How often one rule's pattern was found in one text so far; what is allowed counts for nothing."""

    found: int = 0
    failed: int = 0

    @property
    def full(self) -> bool:
        return self.found >= MOST_FOUND or self.failed >= MOST_FAILED


class Seeker:
    """`tree` is what is looked for: each pattern, with as much of `rest` as tells what is allowed from what is not."""

    tree: Node
    longest: int
    shortest: int

    def __init__(self, rule: Rule, place: int, checks: Mapping[str, Check]) -> None:
        """`place` is the rule's among all: of two that find the same, the first has it. Raises BadRule."""
        self.rule = rule
        self.place = place
        if not rule.patterns and not any(rule.words):
            raise BadRule(rule.id, "it looks for nothing; give it `patterns` or `words`")
        if rule.check and rule.check not in checks:
            raise BadRule(rule.id, f"there is no check {rule.check!r}; there are {', '.join(sorted(checks))}")
        self._check = checks[rule.check] if rule.check else None
        self._allow = frozenset(text.encode() for text in rule.allow)
        rest = _class(rule) if rule.rest else None
        more = Repeat(rest, 0, max(map(len, rule.allow))) if rest and rule.allow else None
        found = [_pattern(rule, pattern, more) for pattern in rule.patterns]
        if any(rule.words):
            found.append(any_word(filter(None, rule.words)))
        self.tree = Choice(tuple(node for node, _ in found))
        self.shortest, self.longest = self.tree.least, self.tree.most or 0
        self._program = Program("|".join(f"(?:{source})" for _, source in found))
        self._rest = Program(f"{rest.source}*") if rest else None

    def seek(self, data: bytes, at: int, before: int, tally: Tally) -> Iterator[Range]:
        """Of matches that start from `at` on and `before` a place, those that are allowed too. Where the tally is full,
        the next candidate is not looked at: it and all that follows is one match, so that nothing passes and no text
        takes long."""
        while (found := self._program.find(data, at)) is not None and found.start < before:
            end = sure = found.end if self._rest else found.inner_end
            told = data[found.inner : sure]
            if told in self._allow:
                at = sure
                yield Range(self, found.inner, sure, sure, allowed=True)
            elif tally.full:
                yield Range(self, found.inner, len(data), len(data), last=True)
                return
            elif self._check is not None and not self._check(told.decode()):
                tally.failed += 1
                at = found.start + 1
                while at < len(data) and data[at] & 0xC0 == 0x80:
                    at += 1
            else:
                tally.found += 1
                at = end = self.goes_on(data, sure)
                yield Range(self, found.inner, sure, end)

    def goes_on(self, data: bytes, end: int) -> int:
        """Where what the match goes on through ends."""
        return self._rest.runs_to(data, end) if self._rest else end

    @property
    def rests(self) -> bool:
        """Whether its matches may go on."""
        return self._rest is not None


def _class(rule: Rule) -> Node:
    try:
        Program(rule.rest)
        node = parse(rule.rest).node
    except (BadPattern, NotRead) as error:
        raise BadRule(rule.id, f"`rest` {rule.rest!r}: {error}") from None
    if not isinstance(node, Char):
        raise BadRule(rule.id, f"`rest` {rule.rest!r} is more than one character; write a class, such as [A-Za-z0-9]")
    return node


def _pattern(rule: Rule, pattern: str, more: Node | None) -> tuple[Node, str]:
    """As a tree, and as an expression."""
    try:
        Program(pattern)
        node, groups = parse(pattern)
    except (BadPattern, NotRead) as error:
        raise BadRule(rule.id, f"{pattern!r}: {error}") from None
    if node.most is None:
        raise BadRule(
            rule.id, f"{pattern!r} repeats without an end, which a stream would wait for; bound it, or use `rest`"
        )
    if node.least == 0:
        raise BadRule(rule.id, f"{pattern!r} is found in every text, as it matches no text; ask for a character")
    if rule.rest and any(end != len(pattern) for end in groups):
        raise BadRule(rule.id, f"{pattern!r}: `rest` goes on from a group; end the pattern with it")
    if more is None:
        return node, pattern
    return Sequence((node, more)), f"(?:{pattern}){more.source}"
