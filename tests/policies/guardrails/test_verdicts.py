"""What is kept of a violation: enough to know it again, and never what was found."""

from hypothesis import given
from hypothesis import strategies as st

from middleware.facts import as_record
from policies.guardrails.verdicts import MASK, GuardVerdicts, excerpt, fingerprint
from records import Step
from records.trace import run_of
from records.tree import spans_of
from tests.support.runs import a_run

SECRET = b"0" * 32


def test_the_same_in_another_case_and_spacing_has_the_same_fingerprint() -> None:
    assert fingerprint(SECRET, "Ignore all\n previous") == fingerprint(SECRET, "ignore all previous")
    assert fingerprint(SECRET, "ignore all previous") != fingerprint(SECRET, "ignore all")


def test_a_fingerprint_cannot_be_made_without_the_secret() -> None:
    assert fingerprint(SECRET, "hunter2") != fingerprint(b"1" * 32, "hunter2")


def test_an_excerpt_shows_what_stands_around_and_masks_what_was_found() -> None:
    text = "my key is\nsk-12345, thanks"
    assert excerpt(text, 10, 18, hidden=[(10, 18)]) == f"my key is {MASK}, thanks"


def test_an_excerpt_of_a_long_text_is_short() -> None:
    shown = excerpt("a" * 500 + "SECRET" + "b" * 500, 500, 506, hidden=[(500, 506)])
    assert shown == "…" + "a" * 40 + MASK + "b" * 40 + "…"


def test_of_a_long_find_that_may_be_shown_the_beginning_is_shown() -> None:
    shown = excerpt("x" * 10_000, 0, 10_000, hidden=[])
    assert shown == "x" * 240 + "…"


@given(st.text("ab ", max_size=120), st.lists(st.tuples(st.integers(0, 120), st.integers(1, 60)), max_size=6))
def test_nothing_that_is_hidden_is_ever_seen(around: str, spans: list[tuple[int, int]]) -> None:
    hidden = [(start, start + length) for start, length in spans if start + length <= len(around)]
    text = list(around)
    for start, end in hidden:
        text[start:end] = "S" * (end - start)
    for start, end in hidden:
        assert "S" not in excerpt("".join(text), start, end, hidden=hidden)


def test_a_trace_shows_them_as_attributes_of_the_guard_and_gives_them_back() -> None:
    fact = as_record(
        GuardVerdicts(
            "block",
            rules=("secrets.aws_key", "words"),
            versions=(1, 3),
            places=("answer", "user"),
            actions=("block", "flag"),
            modes=("enforce", "shadow"),
            reasons=("an access key", "a competitor's name"),
            evidence=(f"the key {MASK}", f"like {MASK} does"),
            fingerprints=("0" * 32, "1" * 32),
            counts=(1, 2),
            took_us=120,
        )
    )
    run = a_run(steps=(Step("guardrails", 1, 2, (fact,)),))
    spans = spans_of(run)
    shown = next(span.attributes for span in spans if span.name == "guardrails")
    assert shown["burnish.guard.verdict"] == "block"
    assert shown["burnish.guard.rules"] == ["secrets.aws_key", "words"]
    assert shown["burnish.guard.modes"] == ["enforce", "shadow"]
    assert run_of(spans) == run
