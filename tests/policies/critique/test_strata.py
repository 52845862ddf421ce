"""The kinds of calls that are judged apart."""

from policies.critique.strata import stratum_of


def test_what_is_asked_for_tells_calls_apart_before_their_length_does() -> None:
    assert stratum_of(structured=True, tools=True, characters=9_000) == "structured"
    assert stratum_of(structured=False, tools=True, characters=9_000) == "tools"
    assert stratum_of(structured=False, tools=False, characters=9_000) == "long question"
    assert stratum_of(structured=False, tools=False, characters=40) == "question"
