"""Patterns that must be found, and patterns that may not."""

import pytest

from policies.critique.verifiers.regex import Patterns
from policies.critique.verifiers.verdict import BadCheck


def test_an_answer_has_to_match_all_that_it_must_and_nothing_it_may_not() -> None:
    check = Patterns([r"\d{4}-\d\d-\d\d"], never=["(?i)as an ai"])
    assert check("On 2026-11-22.").passed
    assert not check("Tomorrow.").passed
    assert check("As an AI, I say 2026-11-22.").value == 0.5


def test_what_is_wrong_is_said_in_the_owners_words_or_by_the_pattern() -> None:
    assert "must match the pattern ^yes$" in Patterns(["^yes$"])("no").said
    assert Patterns(["^yes$"], say="Answer yes.")("no").said == "Answer yes."


@pytest.mark.parametrize(("must", "never"), [(["(?=a)"], []), (["("], []), ([], [r"(a)\1"]), ([], [])])
def test_what_runs_in_no_linear_time_is_refused(must: list[str], never: list[str]) -> None:
    with pytest.raises(BadCheck):
        Patterns(must, never)
