"""`burnish pairs --strengths`: which variant people prefer, and by how much."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.records import Failure
from burnish.commands.wording import timestamp
from policies.preferences import Comparison, Pair, Standing, strengths
from records.score import PREFERENCE, Score
from stores.ledger import Ledger, ScoreFilter
from stores.runs import RunFilter, RunStore

_AT_ONCE: Final = 400
"""Runs that are looked up together."""

_CONFIDENCE: Final = 0.95
_RIGHT: Final = ("strength", "won", "lost")


class Preferences(NamedTuple):
    """Pairs whose answers are of two variants, and how many there are of one, which compare nothing."""

    pairs: Sequence[Pair]
    same_variant: int


def preferences(store: RunStore, ledger: Ledger, agent: str, since_ns: int | None) -> Preferences:
    """What somebody preferred since; those of which a run is gone are passed over."""
    asked = ScoreFilter(agent=agent, evaluator=PREFERENCE, since_ns=since_ns)
    scores = [score for score in ledger.scores(asked) if score.against is not None]
    variants = _variants(store, scores)
    pairs, same = [], 0
    for score in scores:
        better, worse = variants.get(score.subject), variants.get(score.against or "")
        if better is None or worse is None:
            continue
        if better == worse:
            same += 1
        else:
            pairs.append(Pair(better, worse, "left", judge=score.rater))
    return Preferences(pairs, same)


def _variants(store: RunStore, scores: Sequence[Score]) -> Mapping[str, str]:
    """By run."""
    ids = sorted({run for score in scores for run in (score.subject, score.against or "")})
    return {
        run.id: run.variant
        for start in range(0, len(ids), _AT_ONCE)
        for run in store.find(RunFilter(ids=ids[start : start + _AT_ONCE]), _AT_ONCE)
    }


class Ranking(NamedTuple):
    """The variants of an agent, the strongest first, and every other against that one."""

    agent: str
    since_ns: int | None
    told: Preferences
    standings: Mapping[str, Standing]
    against_best: Mapping[str, Comparison]

    @property
    def best(self) -> str:
        return next(iter(self.standings))

    def document(self) -> dict[str, Any]:
        won, lost = self._counts()
        return {
            "agent": self.agent,
            "since": None if self.since_ns is None else timestamp(self.since_ns),
            "pairs": len(self.told.pairs),
            "same_variant": self.told.same_variant,
            "confidence": _CONFIDENCE,
            "best": self.best,
            "variants": {
                name: {
                    "strength": each.strength,
                    "low": each.low,
                    "high": each.high,
                    "won": won[name],
                    "lost": lost[name],
                    "against_best": _compared(self.against_best.get(name)),
                }
                for name, each in self.standings.items()
            },
        }

    def show(self, console: Console) -> None:
        won, lost = self._counts()
        rows = [
            {
                "variant": Text(name, "bold"),
                "strength": Text(f"{each.strength:+z.2f}"),
                "interval": Text(f"{each.low:+z.2f} to {each.high:+z.2f}"),
                f"wins against {self.best}": _share(self.against_best.get(name)),
                "won": Text(f"{won[name]:,}"),
                "lost": Text(f"{lost[name]:,}"),
            }
            for name, each in self.standings.items()
        ]
        print_columns(rows, console, right=_RIGHT)
        same = f"; {self.told.same_variant:,} more are between answers of one variant" if self.told.same_variant else ""
        console.print(Text(f"by {len(self.told.pairs):,} preferences{same}", "dim"), soft_wrap=True)
        console.print(Text(f"all intervals of a column hold at once, with {_CONFIDENCE:.0%}", "dim"))

    def _counts(self) -> tuple[Counter[str], Counter[str]]:
        """How often each variant was preferred, and another to it."""
        return Counter(pair.left for pair in self.told.pairs), Counter(pair.right for pair in self.told.pairs)


def ranking(agent: str, told: Preferences, since_ns: int | None) -> Ranking:
    """Raises `Failure` where the preferences do not compare the variants."""
    if not told.pairs:
        among = f" ({told.same_variant} are between answers of one variant)" if told.same_variant else ""
        raise Failure(
            f"nobody has preferred an answer of one variant of agent {agent!r} to another's{among}; "
            "POST /v1/feedback says so, with preferred_over"
        )
    found = strengths(told.pairs)
    if len(found.groups) > 1:
        apart = " and ".join(", ".join(sorted(group)) for group in sorted(found.groups, key=sorted))
        raise Failure(
            f"no preference connects the variants {apart} of agent {agent!r}, so they have no strengths in common; "
            "have answers of both compared, or leave old pairs out with --since"
        )
    return Ranking(
        agent, since_ns, told, found.each(confidence=_CONFIDENCE), found.against_best(confidence=_CONFIDENCE)
    )


def tell(found: Ranking, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.document(), indent=2, ensure_ascii=False))
    else:
        found.show(Console(highlight=False))


def _share(found: Comparison | None) -> Text:
    return Text("" if found is None else f"{found.wins:.0%} ({found.wins_low:.0%} to {found.wins_high:.0%})")


def _compared(found: Comparison | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"wins": found.wins, "low": found.wins_low, "high": found.wins_high}
