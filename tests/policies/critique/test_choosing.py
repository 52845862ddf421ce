"""Whether a call is critiqued."""

from policies.critique.choosing import Chosen, choose


def test_while_nothing_is_known_all_but_the_holdout_are_critiqued() -> None:
    assert choose({}, "question", holdout=0.1, uniform=0.89) == Chosen(True, 0.9)
    assert choose({}, "question", holdout=0.25, uniform=0.91) == Chosen(False, 0.25)


def test_what_was_published_for_the_stratum_decides() -> None:
    shares = {"tools": 0.1, "question": 0.9}
    assert choose(shares, "tools", holdout=0.1, uniform=0.5) == Chosen(False, 0.9)
    assert choose(shares, "question", holdout=0.1, uniform=0.5) == Chosen(True, 0.9)


def test_a_stratum_that_is_not_known_goes_by_what_holds_for_all_others() -> None:
    assert choose({"": 0.2}, "new", holdout=0.1, uniform=0.1) == Chosen(True, 0.2)
    assert choose({"tools": 0.2}, "new", holdout=0.1, uniform=0.5) == Chosen(True, 0.9)
