"""What was found, against what is promised."""

from collections.abc import Callable
from typing import Final

from benchmarks.pages import table
from benchmarks.results import this_machine
from benchmarks.retrieval.measure import RATE, Figures
from benchmarks.stats import percentile

MOST: Final = 1.5
"""What retrieval may add, of an embedding and a query alone."""
AIMS: Final = {0.5: 15.0, 0.99: 40.0}
"""Milliseconds that it is to add, on a machine that does nothing else."""


def kept(figures: Figures) -> bool:
    return not figures.missed and all(figures.ratio(share) <= MOST for share in AIMS)


def generated(figures: Figures, items: int) -> str:
    def row(name: str, of: Callable[[float], float]) -> tuple[str, ...]:
        return name, *(f"{of(share) * 1e3:.1f} ms" for share in AIMS)

    return "\n\n".join(
        [
            f"{items:,} answers, {RATE:g} calls a second, {len(figures.with_memory):,} of each kind in turns, through "
            f"a whole proxy of one worker; {figures.missed:,} calls went on without answers. {this_machine()}.",
            table(
                ("", *(f"p{share * 100:g}" for share in AIMS)),
                [
                    row("a call with retrieval", lambda share: percentile(figures.with_memory, share)),
                    row("a call without", lambda share: percentile(figures.without, share)),
                    row("added", figures.added),
                    row("embedding and query alone", lambda share: percentile(figures.bare, share)),
                    (f"added / alone, at most {MOST:g}", *(f"{figures.ratio(share):.2f}" for share in AIMS)),
                    ("aim for what is added", *(f"{aim:g} ms" for aim in AIMS.values())),
                ],
            ),
        ]
    )
