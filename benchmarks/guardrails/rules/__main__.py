"""`python -m benchmarks.guardrails.rules`: what the rules for secrets and personal data cost, and what they find beside
detect-secrets and Presidio."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.guardrails.rules.cost import Evil, cost, slowest
from benchmarks.guardrails.rules.detection import Figures, held_out, of_personal_data, of_secrets
from benchmarks.guardrails.rules.labelled import detect_secrets, gitleaks
from benchmarks.pages import write
from benchmarks.results import this_machine
from policies.guardrails.matching import Matcher
from policies.guardrails.packs import PACKS

_FEW = 100
"""Candidates in 100 kB; what has more is told apart, for there each that is looked at takes time."""
_MOST_MS = 5.0
_ROOT = Path(__file__).parents[3]


def main(arguments: list[str] | None = None) -> int:
    """Exits 1 when a goal is missed."""
    options = _options(arguments)
    rules = PACKS["secrets"] + PACKS["pii"]
    missed, parts = False, list[str]()
    if not options.only or "cost" in options.only:
        prose = [path.read_text(encoding="utf-8") for path in sorted((_ROOT / "docs").glob("*.md"))]
        lines = [
            "| rules | µs per 2 kB | µs per piece of 4 characters | µs per kB | held, mean | held, at most |",
            "|---|---|---|---|---|---|",
        ]
        for name, some in (*PACKS.items(), ("both", rules)):
            matcher = Matcher(some)
            took = cost(matcher, prose)
            held = f"{took.held:.1f} | {matcher.longest}"
            lines.append(f"| {name} | {took.whole:.1f} | {took.piece:.1f} | {took.kb:.1f} | {held} |")
        parts.append("\n".join(lines))
    if not options.only or "evil" in options.only:
        evil = slowest(rules)
        missed |= any(found.ms > _MOST_MS for found in evil)
        parts.append("\n".join(_evil(evil)))
    if not options.only or "detection" in options.only:
        rows = of_personal_data()
        if options.gitleaks:
            rows += of_secrets("lines of gitleaks", held_out(gitleaks(options.gitleaks)))
        if options.detect_secrets:
            rows += of_secrets("lines of detect-secrets", held_out(detect_secrets(options.detect_secrets)))
        parts.append("\n".join(_detection(rows)))
    text = "\n\n".join((*parts, f"{this_machine()}. Times are of its CPU; intervals are Wilson's, of 95 %."))
    print(text)
    if options.docs:
        write(options.docs / "guardrails.md", "python -m benchmarks.guardrails.rules", text, title="Guardrails")
    return int(missed)


def _evil(found: list[Evil]) -> Iterator[str]:
    few = [evil for evil in found if evil.candidates < _FEW]
    dense = [evil for evil in found if evil.candidates >= _FEW]
    yield f"{len(few)} texts of 100 kB with hardly a candidate: at most {few[0].ms:.2f} ms, by {few[0].name}."
    each = max(dense, key=lambda evil: evil.ms / evil.candidates)
    took = each.ms * 1e3 / each.candidates
    yield f"{len(dense)} texts full of candidates: at most {dense[0].ms:.2f} ms, by {dense[0].name};"
    yield f"at most {took:.1f} µs for each that is looked at, by {each.name}."
    ratio = max(found, key=lambda evil: evil.ratio if evil.ms > 1 else 0)
    yield f"200 kB take at most {ratio.ratio:.2f} times as long as 100 kB, by {ratio.name}."
    yield ""
    yield "| slowest | ms | 200 kB to 100 kB | candidates |"
    yield "|---|---|---|---|"
    for evil in (*few[:5], *dense[:5]):
        yield f"| {evil.name} | {evil.ms:.2f} | {evil.ratio:.2f} | {evil.candidates} |"


def _detection(rows: list[Figures]) -> Iterator[str]:
    yield "| of | by | recall | precision |"
    yield "|---|---|---|---|"
    for row in rows:
        yield (f"| {row.what} | {row.who} | {row.recall} of {row.recall.of} | {row.precision} of {row.precision.of} |")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guardrails.rules", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=("cost", "evil", "detection"))
    parser.add_argument("--gitleaks", type=Path, help="a checkout of gitleaks; without it its lines are left out")
    parser.add_argument("--detect-secrets", type=Path, help="a checkout of detect-secrets; likewise")
    parser.add_argument("--docs", type=Path, help="the folder whose guardrails.md is to hold what was measured")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
