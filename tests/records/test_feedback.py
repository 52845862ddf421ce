"""What people say of a run, as scores."""

import pytest

from records.feedback import Vote
from tests.support.runs import a_run
from tests.support.scores import a_score

ADAS = Vote("default", "support", a_run(1).id, "ada", a_score(1).created_ns)


def test_a_thumb_is_one_or_nothing() -> None:
    assert ADAS.thumb(True) == a_score(1, 1.0)
    assert ADAS.thumb(False) == a_score(1, 0.0)


def test_gold_is_what_the_owner_knows() -> None:
    assert [ADAS.gold(up).value for up in (True, False)] == [1.0, 0.0]
    assert ADAS.gold(True).id != ADAS.thumb(True).id


def test_a_rating_is_from_one_to_five() -> None:
    assert [ADAS.rating(stars).value for stars in (1, 5)] == [1.0, 5.0]
    for stars in (0, 6, -1):
        with pytest.raises(ValueError, match="from 1 to 5"):
            ADAS.rating(stars)


def test_a_correction_has_the_better_answer_and_no_value() -> None:
    score = ADAS.correction("Press the button.")
    assert (score.value, score.details) == (None, {"answer": "Press the button."})


def test_a_preference_names_the_better_run_first_and_is_one_vote_whichever_it_is() -> None:
    other = ADAS._replace(run=a_run(2).id)
    better, worse = ADAS.preferred_to(a_run(2).id), other.preferred_to(a_run(1).id)
    assert (better.kind, better.subject, better.against) == ("pair", a_run(1).id, a_run(2).id)
    assert better.id == worse.id
    with pytest.raises(ValueError, match="pair"):
        ADAS.preferred_to(a_run(1).id)


def test_a_comment_says_why() -> None:
    assert ADAS._replace(comment="Rude.").thumb(False).rationale == "Rude."
