"""What looking costs: of plain texts, of texts that hold something, of streams, and of texts made to be slow."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import process_time
from typing import NamedTuple

from benchmarks.guardrails.rules.evil import evil
from policies.guardrails.checks import CHECKS, Check
from policies.guardrails.matching import Matcher
from policies.guardrails.rule import Rule
from policies.guardrails.scanner import Scanner

_ROUNDS = 3
_CHUNK = 4


class Evil(NamedTuple):
    """Milliseconds of one look at 100 kB, and how many times as long 200 kB take. `candidates` are the places where a
    pattern was found and looked at, whether its check passed or not: that is what takes longer."""

    name: str
    ms: float
    ratio: float
    candidates: int


class Cost(NamedTuple):
    """Microseconds of this process's CPU: of a text of 2 kB as a whole, of a piece of 4 characters as it streams, and
    of a kB of all texts together. `held` is how many characters waited after a piece, in the mean."""

    whole: float
    piece: float
    kb: float
    held: float


def cost(matcher: Matcher, texts: Sequence[str]) -> Cost:
    """Of texts in prose, which are cut and joined to 2 kB each."""
    joined = "\n".join(texts)
    pages = [joined[at : at + 2048] for at in range(0, min(len(joined), 400_000) - 2048, 2048)]
    size = sum(len(page.encode()) for page in pages)
    whole = _fastest(lambda: [matcher.find(page) for page in pages])
    streamed = _fastest(partial(_streamed, matcher, pages[:40]))
    waiting = [held for page in pages[:40] for held in _held(matcher, page)]
    pieces = sum(-(-len(page) // _CHUNK) for page in pages[:40])
    return Cost(
        whole / len(pages) * 1e6, streamed / pieces * 1e6, whole / (size / 1000) * 1e6, sum(waiting) / len(waiting)
    )


def slowest(rules: tuple[Rule, ...]) -> list[Evil]:
    """The whole rule set on texts made to be slow, slowest first."""
    matcher, counted = Matcher(rules), _Counted()
    counter = Matcher(rules, {name: counted.counting(check) for name, check in CHECKS.items()})
    found = []
    for (name, text), (_, longer) in zip(evil(rules, 100_000), evil(rules, 200_000), strict=True):
        once, twice = _fastest(partial(matcher.find, text)), _fastest(partial(matcher.find, longer))
        counted.failed = 0
        candidates = len(counter.find(text)) + counted.failed
        found.append(Evil(name, once * 1e3, twice / once, candidates))
    return sorted(found, key=lambda evil: -evil.ms)


class _Counted:
    def __init__(self) -> None:
        self.failed = 0

    def counting(self, check: Check) -> Check:
        def count(told: str) -> bool:
            passed = check(told)
            self.failed += not passed
            return passed

        return count


def _streamed(matcher: Matcher, pages: Sequence[str]) -> None:
    for page in pages:
        scanner = Scanner(matcher)
        for at in range(0, len(page), _CHUNK):
            scanner.feed(page[at : at + _CHUNK])
        scanner.end()


def _held(matcher: Matcher, text: str) -> Iterator[int]:
    scanner = Scanner(matcher)
    for at in range(0, len(text), _CHUNK):
        scanner.feed(text[at : at + _CHUNK])
        yield scanner.held


def _fastest(run: Callable[[], object]) -> float:
    """Seconds of CPU, of several runs the least: what other processes take is noise."""
    took = []
    for _ in range(_ROUNDS):
        start = process_time()
        run()
        took.append(process_time() - start)
    return min(took)
