"""A revision is better only where no check holds it to be worse."""

from policies.critique.verifiers.verdict import Verdict, beats, failed, passed, worth


def test_a_revision_has_to_be_better_by_one_check_and_worse_by_none() -> None:
    original = [Verdict("a", 0.0), Verdict("b", 1.0)]
    assert beats([Verdict("a", 0.5), Verdict("b", 1.0)], original)
    assert not beats([Verdict("a", 0.0), Verdict("b", 1.0)], original)
    assert not beats([Verdict("a", 1.0), Verdict("b", 0.9)], original)


def test_a_check_that_could_not_be_made_of_the_revision_tells_nothing_for_it() -> None:
    assert not beats([Verdict("a", 1.0)], [Verdict("a", 0.0), Verdict("b", 1.0)])
    assert not beats([], [])


def test_what_failed_is_never_worth_as_much_as_what_passed() -> None:
    assert failed("a", "no", 1.0).value < passed("a").value
    assert worth([passed("a"), Verdict("b", 0.5)]) == 0.75
    assert worth([]) is None


def test_what_a_check_says_is_cut_to_what_a_prompt_can_bear() -> None:
    assert len(failed("a", "wrong " * 1_000).said) < 1_000
