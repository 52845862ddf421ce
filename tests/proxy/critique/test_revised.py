"""What is kept of a revision."""

import pytest

from policies.critique.facts import Critiqued
from policies.critique.tally import Tried
from proxy.critique.revised import critique, heard_again, preference, revision_is_better
from tests.support.critiqued import a_fact, critiqued_run

CALL = Tried("question", True, 0.9)
RUN = critiqued_run(1, a_fact())


@pytest.mark.parametrize(
    ("fact", "before", "after", "better"),
    [
        (a_fact(), None, None, True),
        (a_fact(accepted=False), None, None, None),
        (a_fact(), 1.0, 0.0, False),
        (a_fact(accepted=False), 0.0, 1.0, True),
        (a_fact(), 1.0, 1.0, None),
        (a_fact(revised=False, accepted=False), None, None, None),
    ],
)
def test_who_judged_both_has_the_last_word_and_else_the_check_that_accepted_it(
    fact: Critiqued, before: float | None, after: float | None, better: bool | None
) -> None:
    assert revision_is_better(fact, CALL._replace(before=before, after=after)) is better


def test_both_versions_become_a_preference_with_the_text_that_was_not_shown() -> None:
    score = preference(RUN, a_fact(verifier="json_schema"), better=False)
    assert score is not None
    assert (score.subject, score.kind, score.evaluator, score.value) == (RUN.id, "run", "revision", 0.0)
    assert (score.source, score.rationale) == ("code", "There is no door.")
    assert score.details == {"preferred": "original", "shown": "revision", "unshown": "Open the door."}
    assert score == preference(RUN, a_fact(verifier="json_schema"), better=False)


def test_where_no_words_are_kept_there_is_no_pair_and_no_critique() -> None:
    assert preference(RUN, a_fact(original=None), better=True) is None
    assert critique(RUN, "Why?", a_fact(critique=""), better=True) is None
    assert critique(RUN, "", a_fact(), better=True) is None


def test_a_critique_waits_and_is_shown_to_no_call() -> None:
    found = critique(RUN, "How do I get in?", a_fact(), better=True)
    assert found is not None
    assert (found.kind, found.state, found.trust) == ("critique", "waiting", "judge")
    assert (found.question, found.text, found.runs) == ("How do I get in?", "There is no door.", (RUN.id,))


def test_the_same_words_of_another_run_count_once_for_each_run() -> None:
    first = critique(RUN, "How?", a_fact(), better=True)
    other = critique(critiqued_run(2, a_fact()), "How?", a_fact(), better=False)
    assert first is not None
    assert other is not None
    both = heard_again(first, other)
    assert (both.id, both.votes, both.score, len(both.runs)) == (first.id, 2, 0.5, 2)
    assert heard_again(both, first) == both
