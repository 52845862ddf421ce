"""Runs whose answers were critiqued, or were not, for tests."""

from typing import Any

import msgspec

from middleware.facts import as_record
from policies.critique.facts import Critiqued
from records.run import Run, Step
from records.score import Score, score_id
from tests.support.runs import a_run


def a_fact(**changes: Any) -> Critiqued:
    """Of an answer that was flagged, revised and accepted; the keywords are fields of `Critiqued`."""
    given: dict[str, Any] = {
        "eligible": True,
        "stratum": "question",
        "arm": "on",
        "probability": 0.9,
        "flagged": True,
        "revised": True,
        "accepted": True,
        "rounds": 1,
        "original": "Open the door.",
        "critique": "There is no door.",
        "tokens": 300,
        "cost_usd": 0.002,
        "took_ms": 1500.0,
    }
    return Critiqued(**{**given, **changes})


def spared(**changes: Any) -> Critiqued:
    """Of an answer that chance left as it was."""
    return Critiqued(
        eligible=True, stratum="question", arm="off", probability=changes.pop("probability", 0.1), **changes
    )


def critiqued_run(number: int, fact: Critiqued, **changes: Any) -> Run:
    run = a_run(number, session=f"session-{number}", **changes)
    step = Step("self_critique", run.started_ns, run.ended_ns, (as_record(fact),))
    return msgspec.structs.replace(run, steps=(step,))


def said(run: Run, value: float, evaluator: str = "task_success", *, after_s: float = 1.0) -> Score:
    """What a program says of a run, so long after it ended."""
    return Score(
        id=score_id(run.agent, "run", run.id, None, evaluator, ""),
        tenant=run.tenant,
        agent=run.agent,
        subject=run.id,
        evaluator=evaluator,
        source="judge",
        value=value,
        created_ns=run.ended_ns + int(after_s * 1e9),
    )
