"""Finds what breaks rules in a text, in a time linear in it, and says how much of a stream has to wait for that.

One pass over the text tells whether any rule may be broken at all, which is mostly not so. Only then is looked which
rules those are, and where.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from policies.guardrails.checks import CHECKS, Check
from policies.guardrails.prefixes import KEPT, beginnings, loosened
from policies.guardrails.programs import Program, ProgramSet
from policies.guardrails.rule import Rule
from policies.guardrails.seeking import BadRule, Range, Seeker, Tally
from policies.guardrails.view import View

__all__ = ["BadRule", "Match", "Matcher"]


_NEAR: Final = 48
"""Characters from the end within which waiting a little longer than needed is cheaper than to count exactly: that takes
more states than there is memory for, and without them RE2 is slow."""


class Match(NamedTuple):
    """Characters of the text as it was given; with what the rule's `rest` goes on through, as far as that is known."""

    rule: Rule
    start: int
    end: int


class Matcher:
    """`longest` is the most characters that a stream is held back, as they are read (see `policies.guardrails.view`):
    what the longest match of any pattern takes, without its `rest`. It follows from the patterns."""

    longest: int

    def __init__(self, rules: Sequence[Rule], checks: Mapping[str, Check] = CHECKS) -> None:
        """Raises BadRule."""
        self.rules = tuple(rules)
        self.seekers = tuple(Seeker(rule, place, checks) for place, rule in enumerate(rules))
        self.longest = max((seeker.longest for seeker in self.seekers), default=0)
        self.shortest = min((seeker.shortest for seeker in self.seekers), default=1)
        """Characters that any match has at least."""
        loose = [loosened(seeker.tree).source for seeker in self.seekers]
        begun = [beginnings(seeker.tree) for seeker in self.seekers]
        if not rules:
            # Nothing is ever found.
            loose, begun = [r"\z\A."], []
        self._near = max(KEPT, min(_NEAR, self.longest))
        self._any = Program("|".join(loose))
        self._which = ProgramSet(loose)
        self._may_begin = Program(rf"(?:{'|'.join(loosened(node).source for node in begun)})\z")
        self._begins = Program(rf"(?:{'|'.join(node.source for node in begun)})\z")

    def find(self, text: str, *, json: bool = False, all_is_masked: bool = True) -> list[Match]:
        """From the left; none overlaps another: where two rules do, the second has what the first left. `json`: the
        text is JSON, and escapes in it are read. Beyond so many of one rule (see `policies.guardrails.seeking`), the
        rest of the text is one match of it; not `all_is_masked`, that rule has no more matches."""
        view = View(text, json=json)
        data = view.data
        if not self.may_break(data, 0):
            return []
        ranges = self.ranges(data, {}, defaultdict(Tally), start=0, before=len(data) + 1)
        found = sorted(
            (part for part in ranges if not part.allowed and (all_is_masked or not part.last)), key=Range.order
        )
        matches: list[Match] = []
        end = 0
        for part in found:
            if part.end > end:
                start, end = max(part.start, end), part.end
                matches.append(Match(part.seeker.rule, view.written(start), view.written(end)))
        return matches

    def may_break(self, data: bytes, start: int) -> bool:
        """Whether any rule may be: never a false no."""
        return self._any.place(data, start) >= 0

    def ranges(
        self,
        data: bytes,
        resume: Mapping[Seeker, int],
        tallies: defaultdict[Seeker, Tally],
        *,
        start: int,
        before: int,
    ) -> Iterator[Range]:
        """Of matches that start from `start` on, and from where `resume` says for their rule, and `before` the end.
        `tallies` are of the whole text, and are carried on."""
        for place in self._which.which(data):
            seeker = self.seekers[place]
            yield from seeker.seek(data, max(start, resume.get(seeker, 0)), before, tallies[seeker])

    def waits(self, data: bytes, start: int) -> int:
        """The first place from `start` on at which a match may start that what follows the data decides about; its end
        where there is none."""
        # Looked at from the end, this takes a look at a character or two of prose.
        place = self._may_begin.place(data, start)
        return place if len(data) - place <= self._near else self._begins.place(data, place)
