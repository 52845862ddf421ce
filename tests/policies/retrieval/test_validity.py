"""An answer holds for a call until it is too old, and while the call is made as it was."""

from typing import Any

import pytest

from policies.retrieval.validity import Holds, holds, instructions_digest
from stores.answers import Answer

NOW = 1_000
BRIEF, LONG = instructions_digest(["Be brief."]), instructions_digest(["Be long."])


def answer(
    *, origin: str = "run", model: str | None = "small", instructions: str = BRIEF, expires_ns: int | None = None
) -> Answer:
    return Answer(
        id="a",
        question="q",
        text="t",
        origin=origin,
        trust="human",
        low=0.9,
        model=model,
        instructions=instructions,
        expires_ns=expires_ns,
    )


def holds_now(answer: Answer, **rules: Holds) -> bool:
    return holds(answer, now_ns=NOW, model="small", instructions=BRIEF, **rules)


@pytest.mark.parametrize(("expires_ns", "held"), [(None, True), (NOW + 1, True), (NOW, False), (NOW - 1, False)])
def test_an_answer_holds_until_it_is_too_old(expires_ns: int | None, held: bool) -> None:
    assert holds_now(answer(expires_ns=expires_ns)) is held
    assert holds_now(answer(expires_ns=expires_ns, origin="correction")) is held


@pytest.mark.parametrize(
    "other", [{"model": "large"}, {"instructions": LONG}, {"model": "large", "instructions": LONG}]
)
def test_what_was_made_otherwise_holds_where_a_person_wrote_it(other: dict[str, Any]) -> None:
    assert not holds_now(answer(**other))
    assert holds_now(answer(origin="correction", **other))


@pytest.mark.parametrize("rule", ["other_model", "other_instructions"])
@pytest.mark.parametrize(("allowed", "held"), [("none", (False, False)), ("all", (True, True))])
def test_the_owner_says_what_holds_for_another_model_and_for_other_instructions(
    rule: str, allowed: Holds, held: tuple[bool, bool]
) -> None:
    other: dict[str, Any] = {"model": "large"} if rule == "other_model" else {"instructions": LONG}
    made = [answer(origin=origin, **other) for origin in ("run", "correction")]
    assert tuple(holds_now(each, **{rule: allowed}) for each in made) == held


def test_each_rule_is_about_its_own() -> None:
    assert not holds_now(answer(model="large"), other_instructions="all")
    assert not holds_now(answer(instructions=LONG), other_model="all")


@pytest.mark.parametrize("unknown", [{"model": None}, {"model": ""}, {"instructions": ""}])
def test_what_is_not_known_of_an_answer_speaks_against_nothing(unknown: dict[str, Any]) -> None:
    assert holds_now(answer(**unknown), other_model="none", other_instructions="none")


def test_instructions_are_the_same_whatever_time_they_tell() -> None:
    monday = ["Be kind. It is 2026-11-22, 09:14."]
    assert instructions_digest(monday) == instructions_digest(["Be kind. It is 2027-01-02, 17:00.\n"])
    assert instructions_digest(monday) != instructions_digest(["Be brief. It is 2026-11-22, 09:14."])


def test_instructions_are_told_apart_by_how_they_are_divided() -> None:
    assert len({instructions_digest(each) for each in (["a", "b"], ["ab"], ["b", "a"], [])}) == 4
