"""What is kept of a revision for those who learn later: which version is better, and what was wrong with the other.

The version that the client was not shown has no run of its own, so the two are no pair of runs: they are one score of
the run, with the unshown text in its details.
"""

import msgspec

from policies.critique.facts import Critiqued
from policies.critique.tally import Tried
from records.insight import Insight, insight_id
from records.run import Run
from records.score import REVISION, Score, score_id

_RATER = "burnish"
_REASON = "critiques reach prompts through the gate alone"
_MOST_RUNS = 20


def revision_is_better(fact: Critiqued, call: Tried) -> bool | None:
    """By those who judged both, else by the check that accepted it; None where nobody knows."""
    if not fact.revised:
        return None
    if call.before is not None and call.after is not None:
        return None if call.before == call.after else call.after > call.before
    return True if fact.accepted else None


def preference(run: Run, fact: Critiqued, better: bool) -> Score | None:
    """None where the unshown version was not kept. The same again for the same run."""
    if fact.original is None:
        return None
    return Score(
        id=score_id(run.agent, "run", run.id, None, REVISION, _RATER),
        tenant=run.tenant,
        agent=run.agent,
        subject=run.id,
        evaluator=REVISION,
        source="code" if fact.verifier else "judge",
        rater=_RATER,
        value=float(better),
        rationale=fact.critique or None,
        details={
            "preferred": "revision" if better else "original",
            "shown": "revision" if fact.accepted else "original",
            "unshown": fact.original,
        },
        created_ns=run.ended_ns,
        config_hash=run.config_hash,
    )


def critique(run: Run, question: str, fact: Critiqued, better: bool) -> Insight | None:
    """None where there are no words."""
    if not fact.critique or not question:
        return None
    return Insight(
        id=insight_id(run.tenant, run.agent, "critique", question, fact.critique),
        tenant=run.tenant,
        agent=run.agent,
        kind="critique",
        question=question,
        text=fact.critique,
        runs=(run.id,),
        trust="code" if fact.verifier else "judge",
        score=float(better),
        low=0.0,
        variant=run.variant,
        model=run.model,
        reason=_REASON,
        created_ns=run.ended_ns,
        changed_ns=run.ended_ns,
        config_hash=run.config_hash,
    )


def heard_again(known: Insight, again: Insight) -> Insight:
    """The same words said of another run: `score` is the share of revisions that were better for it."""
    if set(again.runs) <= set(known.runs):
        return known
    votes = known.votes + again.votes
    return msgspec.structs.replace(
        known,
        runs=(*known.runs, *again.runs)[-_MOST_RUNS:],
        score=(known.score * known.votes + again.score * again.votes) / votes,
        votes=votes,
        changed_ns=max(known.changed_ns, again.changed_ns),
    )
