"""`python -m benchmarks.bandit`: plays the simulated worlds over many seeds, and writes a table and a plot.

The learning is the product's own: `publish`, `assign` and `fold`, one call each for every pull where a case says so.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from multiprocessing import Pool
from pathlib import Path
from time import perf_counter

from benchmarks.bandits.cases import CASES
from benchmarks.bandits.figures import GOALS
from benchmarks.bandits.play import Game, play
from benchmarks.bandits.report import generated, write
from benchmarks.bandits.worlds import HORIZON

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(arguments: list[str] | None = None) -> int:
    """Exits 1 when a goal is missed."""
    options = _options(arguments)
    games: dict[str, list[Game]] = {}
    began = perf_counter()
    with Pool(options.jobs) if options.jobs > 1 else nullcontext() as pool:
        for case in options.only or CASES:
            chosen = [(case, options.first + number) for number in range(options.seeds)]
            playing = pool.imap(_game, chosen, chunksize=4) if pool else map(_game, chosen)
            games[case] = _told(case, playing, options.seeds, began)
    if not options.only:
        write(games, options.docs)
    print(generated(games))
    return int(any(goal.verdict(games) == "missed" for goal in GOALS))


def _game(chosen: tuple[str, int]) -> Game:
    name, seed = chosen
    case = CASES[name]
    return play(case.settings, case.world, case.pace, HORIZON, seed)


def _told(case: str, playing: Iterable[Game], seeds: int, began: float) -> list[Game]:
    """Says on stderr how far a case is, on one line."""
    games: list[Game] = []
    for game in playing:
        games.append(game)
        minutes, seconds = divmod(int(perf_counter() - began), 60)
        last = len(games) == seeds
        if sys.stderr.isatty() or last:
            line = f"{minutes:2}:{seconds:02}  {CASES[case].title}: {len(games)} of {seeds} seeds"
            print(f"\r{line}", end="\n" if last else "", file=sys.stderr, flush=True)
    return games


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bandit", description="How well the bandits learn.")
    parser.add_argument("--seeds", type=int, default=200, help="games a case; 200")
    parser.add_argument("--first", type=int, default=1, help="the first seed; 1")
    parser.add_argument("--only", nargs="+", choices=tuple(CASES), metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes; one a core")
    parser.add_argument(
        "--docs", type=Path, default=DOCS, help="where bandits.md and bandits.svg go, once every case was played"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
