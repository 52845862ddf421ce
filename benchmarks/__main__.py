"""`python -m benchmarks`: runs the benchmark and writes its table, its plot and its raw figures."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import uvloop

from benchmarks.load import WrongAnswers
from benchmarks.report import generated, write
from benchmarks.results import Results, this_machine
from benchmarks.rounds import NAMES, Bench
from benchmarks.running import LOAD_CORE, PROXY_CORE, SubjectFailed, helper
from benchmarks.subjects import DIRECT, FLOOR, PEER, ROOT, SUBJECTS, install_litellm

RAW = ROOT / "benchmarks" / "results.json"
DOCS = ROOT / "docs"


def main() -> int:
    """Exits 1 when a subject fails or answers wrongly; a missed goal is a finding, not a failure."""
    options = _options()
    if options.report:
        write(Results.load(RAW), options.docs)
        return 0
    if not {PROXY_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        print("the benchmark needs two cores: one for the proxy, one for the load", file=sys.stderr)
        return 1
    chosen = dict.fromkeys(["direct", "floor", *(options.subjects or SUBJECTS)])
    if PEER.name in chosen:
        install_litellm(_progress())
    os.sched_setaffinity(0, {LOAD_CORE})
    results = Results(this_machine())
    with helper("benchmarks.upstream") as upstream, helper("benchmarks.sink") as sink:
        bench = Bench(
            subjects=[SUBJECTS[name] for name in chosen],
            upstream=upstream,
            sink=sink,
            rounds=options.rounds or (1 if options.quick else 5),
            pace=0.4 if options.quick else 1.0,
            only=options.only or (),
            say=_progress(),
            complete=not options.edge,
        )
        try:
            uvloop.run(bench.run(results))
        except (SubjectFailed, WrongAnswers) as failure:
            print(f"\n{failure}", file=sys.stderr)
            return 1
    if options.edge:
        print(generated(results))
        return 0
    results.save(RAW)
    write(results, options.docs)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What a call through Burnish costs.")
    parser.add_argument("--quick", action="store_true", help="one short round: 4 minutes instead of 20, and rougher")
    parser.add_argument("--rounds", type=int, help="how many; 5 unless --quick")
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="MEASURE", help=f"of {', '.join(NAMES)}")
    subjects = [name for name in SUBJECTS if name not in (DIRECT.name, FLOOR.name)]
    parser.add_argument("--subjects", nargs="+", choices=subjects, metavar="SUBJECT", help=f"of {', '.join(subjects)}")
    parser.add_argument(
        "--report", action="store_true", help="only write the report again, from the figures of the last run"
    )
    parser.add_argument(
        "--edge",
        action="store_true",
        help="wait for no records, and print the report: a look while working on the edge",
    )
    parser.add_argument("--docs", type=Path, default=DOCS, help="where benchmarks.md and benchmarks.svg go")
    return parser.parse_args()


def _progress() -> Callable[[str], None]:
    """Each message on a line of its own with the minutes so far, on stderr."""
    began = perf_counter()

    def say(message: str) -> None:
        minutes, seconds = divmod(int(perf_counter() - began), 60)
        print(f"{minutes:2}:{seconds:02}  {message}", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
