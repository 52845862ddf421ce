"""How both versions of an answer were judged."""

import pytest

from policies.critique.tally import Tried
from proxy.config.reward import Reward
from proxy.critique.judged import all_said, critiqued_in, tried
from records.score import UNSHOWN, Score
from tests.support.critiqued import a_fact, critiqued_run, said, spared
from tests.support.runs import a_run

REWARD = Reward.model_validate({"scores": {"task_success": 1, "rating": {"range": [1, 5]}}, "wait": "60s"})
OTHER = f"task_success{UNSHOWN}"


def judged(fact: object, *scores: Score, reward: Reward = REWARD) -> Tried:
    found = critiqued_in(critiqued_run(1, fact))  # type: ignore[arg-type]  # Whatever a step may have recorded.
    assert found is not None
    return tried(critiqued_run(1, found), found, reward, scores)


RUN = critiqued_run(1, a_fact())


def test_what_chance_did_not_decide_says_nothing() -> None:
    assert critiqued_in(a_run(1)) is None
    assert critiqued_in(critiqued_run(1, a_fact(eligible=False, arm="skipped", reason="streaming"))) is None
    assert critiqued_in(critiqued_run(1, a_fact(), source="replay")) is None
    assert critiqued_in(critiqued_run(1, a_fact(), turn="aux")) is None
    assert critiqued_in(critiqued_run(1, a_fact(probability=0.0))) is None
    assert critiqued_in(RUN) == a_fact()


def test_scores_of_both_versions_tell_what_a_revision_did() -> None:
    found = judged(a_fact(), said(RUN, 1.0), said(RUN, 0.0, OTHER))
    assert (found.before, found.after, found.gain) == (0.0, 1.0, 1.0)
    kept = judged(a_fact(accepted=False), said(RUN, 1.0), said(RUN, 0.0, OTHER))
    assert (kept.before, kept.after, kept.gain) == (1.0, 0.0, 0.0)


def test_versions_are_compared_by_those_who_spoke_of_both_and_without_what_two_cost() -> None:
    costly = Reward.model_validate({"scores": {"task_success": 1, "rating": {"range": [1, 5]}}, "cost": 100})
    scores = said(RUN, 1.0), said(RUN, 1.0, "rating"), said(RUN, 1.0, OTHER)
    found = judged(a_fact(), *scores, reward=costly)
    assert (found.before, found.after) == (1.0, 1.0)


def test_a_shown_version_that_was_judged_alone_says_nothing_of_the_other() -> None:
    found = judged(a_fact(verifier="json_schema", before=0.0, after=1.0), said(RUN, 1.0))
    assert (found.reward, found.before, found.after) == (1.0, None, None)


def test_where_nobody_spoke_the_check_that_had_it_revised_does() -> None:
    found = judged(a_fact(verifier="json_schema", before=0.0, after=1.0))
    assert (found.reward, found.before, found.after) == (None, 0.0, 1.0)
    # A check that found nothing wrong does not know whether the answer is right.
    content = judged(a_fact(before=1.0, after=1.0))
    assert not content.paired


def test_an_answer_that_was_not_revised_is_what_its_scores_say() -> None:
    passed = judged(a_fact(flagged=False, revised=False, accepted=False), said(RUN, 5.0, "rating"))
    assert (passed.before, passed.after, passed.gain) == (1.0, 1.0, 0.0)
    left = judged(spared(), said(RUN, 0.0))
    assert (left.on, left.reward, left.before) == (False, 0.0, 0.0)


def test_what_is_said_too_late_counts_for_nothing() -> None:
    assert judged(a_fact(), said(RUN, 1.0, after_s=61)).reward is None


def test_it_is_told_what_critique_used() -> None:
    found = judged(a_fact())
    assert (found.asked, found.tokens, found.cost_usd, found.seconds) == (True, 300, 0.002, 1.5)
    assert not judged(a_fact(tokens=0, cost_usd=None)).asked


@pytest.mark.parametrize(
    ("fact", "evaluators", "done"),
    [
        (spared(), ["task_success", "rating"], True),
        (spared(), ["task_success"], False),
        (a_fact(), ["task_success", "rating"], False),
        (a_fact(), ["task_success", "rating", OTHER, f"rating{UNSHOWN}"], True),
    ],
)
def test_nothing_is_waited_for_once_all_have_spoken_of_all_versions(
    fact: object, evaluators: list[str], done: bool
) -> None:
    found = critiqued_in(critiqued_run(1, fact))  # type: ignore[arg-type]  # As above.
    assert found is not None
    assert all_said(found, REWARD, [said(RUN, 1.0, name) for name in evaluators]) is done
