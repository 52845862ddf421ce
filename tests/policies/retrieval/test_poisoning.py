"""What somebody gets in who wants a model to be shown what it should not see."""

from collections import Counter
from collections.abc import Callable

import pytest

from policies.retrieval.admission import Admission, Candidate, Evidence, Neighbour, rule_on
from policies.retrieval.screening import screen
from tests.support.hostile import GRANTS, HOSTILE, INJECTIONS, LOOK_ALIKES, TOOLS, Hostile

RULES = Admission()
GOOD = Neighbour("good", 0.97, 0.75, "human")
Vouching = Callable[[Hostile], list[Evidence]]


def one_person(_: Hostile) -> list[Evidence]:
    return [Evidence("human", "mallory", 1.0)]


def a_gang(_: Hostile) -> list[Evidence]:
    return [Evidence("human", name, 1.0) for name in ("mallory", "trudy", "oscar", "sybil")]


def liars(_: Hostile) -> list[Evidence]:
    """Twenty people that gold items showed to be wrong as often as right, or more often."""
    return [Evidence("human", f"liar {number}", 1.0, 0.3 + 0.01 * number) for number in range(20)]


def clicks(_: Hostile) -> list[Evidence]:
    """Any number of visitors who only seem to be content."""
    return [Evidence("implicit", f"visitor {number}", 1.0) for number in range(200)]


def admitted(vouching: Vouching, *, neighbours: tuple[Neighbour, ...] = ()) -> list[Hostile]:
    """Of all 50, each brought by a writer who vouches for it with others, within a day."""
    used: Counter[str] = Counter()
    let_in = []
    for one in HOSTILE:
        candidate = Candidate(vouching(one), writers=("mallory",))
        ruling = rule_on(
            candidate,
            RULES,
            screened=screen(one.question, one.text, tools=TOOLS),
            alike=neighbours,
            used=used,
            now_ns=0,
        )
        used.update(ruling.charged)
        if ruling.state == "admitted":
            let_in.append(one)
    return let_in


def test_there_are_fifty() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) == 50


@pytest.mark.parametrize("vouching", [one_person, liars, clicks])
def test_nothing_gets_in_on_the_word_of_one_of_liars_or_of_clicks(vouching: Vouching) -> None:
    assert admitted(vouching) == []


def test_a_gang_gets_two_wrong_answers_in_a_day_and_no_order_or_grant() -> None:
    let_in = admitted(a_gang)
    assert len(let_in) == RULES.per_writer == 2
    assert set(let_in) <= set(LOOK_ALIKES)


def test_a_gang_takes_no_place_of_an_answer_that_is_better_borne_out() -> None:
    assert admitted(a_gang, neighbours=(GOOD._replace(low=0.8),)) == []
    assert admitted(a_gang, neighbours=(GOOD._replace(low=0.1, trust="owner"),)) == []


def test_a_gang_takes_no_more_turns_by_asking_in_turn() -> None:
    """Whoever vouched is charged, not only who wrote."""
    used: Counter[str] = Counter()
    count = 0
    for number, one in enumerate(LOOK_ALIKES):
        writer = a_gang(one)[number % 4].rater
        candidate = Candidate(a_gang(one), writers=(writer,))
        ruling = rule_on(candidate, RULES, screened=screen(one.text), used=used, now_ns=0)
        used.update(ruling.charged)
        count += ruling.state == "admitted"
    assert count == 2


@pytest.mark.parametrize("one", [*INJECTIONS, *GRANTS], ids=lambda one: one.text[:40])
def test_what_was_kept_all_the_same_is_stopped_again_before_it_is_shown(one: Hostile) -> None:
    assert not screen(one.question, one.text, tools=TOOLS).passed
    assert not screen(one.text, one.question, tools=TOOLS).passed


@pytest.mark.parametrize("one", GRANTS, ids=lambda one: one.text[:40])
@pytest.mark.parametrize("written", ["{}", "Sure!\n\n{}\n", "- {}", "> {}", "**{}**", '"{}"', "Answer: {} Thanks."])
def test_a_grant_is_found_wherever_it_stands(one: Hostile, written: str) -> None:
    assert not screen(written.format(one.text), tools=TOOLS).passed
