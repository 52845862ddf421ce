"""What was said of a run, as scores."""

from typing import NamedTuple

from proxy.feedback.said import COMMENT, Graded, Said
from records.feedback import Vote
from records.score import Score, ScoreSource, score_id


class Voter(NamedTuple):
    """Whose word it is, and when it was said; `rater` is a keyed hash of a person."""

    tenant: str
    agent: str
    rater: str
    created_ns: int
    config_hash: str


def votes_of(said: Said, run_id: str, voter: Voter) -> list[Score]:
    """A score for each thing said, with the comment as its rationale; a comment alone is a score without a value."""
    vote = Vote(voter.tenant, voter.agent, run_id, voter.rater, voter.created_ns, said.comment, voter.config_hash)
    found = []
    if said.thumbs is not None:
        found.append(vote.thumb(said.thumbs == "up"))
    if said.rating is not None:
        found.append(vote.rating(said.rating))
    if said.correction is not None:
        found.append(vote.correction(said.correction))
    if said.preferred_over is not None:
        found.append(vote.preferred_to(said.preferred_over))
    if said.score is not None:
        found.append(_graded(said.score, said.comment, run_id, voter))
    return found or [_score(COMMENT, run_id, voter, source="human", rationale=said.comment)]


def _graded(graded: Graded, comment: str | None, run_id: str, voter: Voter) -> Score:
    if graded.source != "human":
        # A program is who it is by its name: whoever runs it, it has one word on a run.
        voter = voter._replace(rater="")
    return _score(
        graded.name,
        run_id,
        voter,
        source=graded.source,
        rationale=graded.rationale or comment,
        value=graded.value,
        version=graded.version,
    )


def _score(
    evaluator: str,
    run_id: str,
    voter: Voter,
    *,
    source: ScoreSource,
    rationale: str | None,
    value: float | None = None,
    version: str = "1",
) -> Score:
    return Score(
        id=score_id(voter.agent, "run", run_id, None, evaluator, voter.rater),
        tenant=voter.tenant,
        agent=voter.agent,
        subject=run_id,
        evaluator=evaluator,
        version=version,
        source=source,
        rater=voter.rater,
        value=value,
        rationale=rationale,
        created_ns=voter.created_ns,
        config_hash=voter.config_hash,
    )
