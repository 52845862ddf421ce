"""Runs in which guardrails found something."""

from typing import Any

from middleware.facts import as_record
from policies.guardrails.verdicts import MASK, GuardVerdicts, fingerprint
from records.run import Run, Step
from tests.support.incidents import SECRET
from tests.support.runs import a_run


def verdicts(found: str = "hunter2", **changes: Any) -> GuardVerdicts:
    """One violation; the keywords are fields, each without its tuple."""
    told: dict[str, Any] = {
        "rules": "secrets.password",
        "versions": 2,
        "places": "answer",
        "actions": "rewrite",
        "modes": "enforce",
        "reasons": "a password",
        "evidence": f"it is {MASK}, so",
        "fingerprints": fingerprint(SECRET, found),
        "counts": 1,
        **changes,
    }
    fields: dict[str, Any] = {name: (value,) for name, value in told.items()}
    return GuardVerdicts("rewrite", **fields)


def both(first: GuardVerdicts, second: GuardVerdicts) -> GuardVerdicts:
    """All that two of them say, as one fact."""
    names = ("rules", "versions", "places", "actions", "modes", "reasons", "evidence", "fingerprints", "counts")
    return GuardVerdicts(first.verdict, **{name: getattr(first, name) + getattr(second, name) for name in names})


def a_run_with(number: int, *facts: object, **changes: Any) -> Run:
    """As `a_run`, with the facts as those of a step."""
    step = Step("guardrails", 1, 2, tuple(as_record(fact) for fact in facts))
    return a_run(number, steps=(step,), **changes)
