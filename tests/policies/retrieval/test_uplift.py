"""What being shown answers does to the reward."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import pytest

from policies.retrieval.selection import draw
from policies.retrieval.uplift import ALPHA, Seen, UpliftState, chance, fold, overall, per_item, to_retire

Chance = Callable[[Mapping[str, bool]], float]
"""The probability of success, by which answers were shown."""


def calls(
    number: int, succeeds: Chance, *, names: str = "abc", holdout: float = 0.1, drop: float = 0.15, seed: int = 1
) -> list[Seen]:
    """Each call is one that all of `names` qualify for."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        held_out, shown = draw(names, holdout=holdout, drop=drop, uniform=lambda _: float(random.random()))
        good = random.random() < succeeds(dict(zip(names, shown, strict=True)))
        found.append(Seen(tuple(names), shown, held_out, holdout, drop, float(good)))
    return found


def folded(seen: list[Seen]) -> UpliftState:
    state = UpliftState()
    fold(state, seen)
    return state


def bad_c(shown: Mapping[str, bool]) -> float:
    return 0.6 + 0.02 * (shown["a"] + shown["b"]) - 0.25 * shown["c"]


def test_an_answer_that_harms_is_found_and_no_other() -> None:
    state = folded(calls(1_500, bad_c))
    assert to_retire(state) == ["c"]
    assert to_retire(state, retired=["c"]) == []
    worst = per_item(state)[0]
    assert worst.id == "c"
    assert worst.effect.low < -0.25 < worst.effect.high < 0
    assert worst.evidence >= 1 / ALPHA
    assert overall(state).high < 0


def test_answers_that_help_are_seen_to_help() -> None:
    state = folded(calls(3_000, lambda shown: 0.3 + 0.2 * shown["a"]))
    assert per_item(state)[-1].id == "a"
    assert per_item(state)[-1].effect.low > 0.1
    assert overall(state).low > 0
    assert to_retire(state) == []


@pytest.mark.parametrize("truth", [0.05, 0.5, 0.95])
def test_of_answers_that_do_nothing_hardly_one_is_ever_retired(truth: float) -> None:
    """Looked at after each of 400 calls, in 100 worlds of three answers."""
    flagged = 0
    for seed in range(100):
        state, ever = UpliftState(), set[str]()
        for number, one in enumerate(calls(400, lambda _: truth, seed=seed)):
            fold(state, [one])
            if number % 5 == 0:
                ever.update(to_retire(state, share=1.0, retired=ever))
        flagged += len(ever)
    # 300 at 2 % are 6 at most on average, with some luck 12.
    assert flagged <= 12


def test_what_belongs_to_hard_questions_is_not_blamed_for_them() -> None:
    easy = calls(2_000, lambda _: 0.9, names="abc")
    hard = calls(2_000, lambda _: 0.2, names="xyz", seed=2)
    state = folded([one for pair in zip(easy, hard, strict=True) for one in pair])
    assert to_retire(state) == []
    assert all(one.effect.low < 0 < one.effect.high for one in per_item(state))


def test_an_answer_is_not_blamed_for_the_one_that_always_comes_with_it() -> None:
    """Held-out calls are shown neither, so both look alike there."""
    state = folded(calls(4_000, lambda shown: 0.7 - 0.3 * shown["a"], names="ab"))
    assert to_retire(state) == ["a"]
    effects = {one.id: one.effect for one in per_item(state)}
    assert effects["a"].low < -0.3 < effects["a"].high
    assert effects["b"].low < 0 < effects["b"].high


def test_an_answer_that_grows_stale_is_found_though_it_was_good_for_long() -> None:
    good = calls(6_000, lambda shown: 0.6 + 0.1 * shown["a"], names="a")
    stale = calls(3_000, lambda shown: 0.6 - 0.25 * shown["a"], names="a", seed=2)
    state = folded(good)
    assert to_retire(state) == []
    fold(state, stale)
    assert to_retire(state) == ["a"]


def test_graded_rewards_tell_as_well() -> None:
    random = np.random.default_rng(1)
    seen = [
        one._replace(reward=float(np.clip(random.normal(0.6 - 0.25 * one.shown[2], 0.2), 0, 1)))
        for one in calls(600, lambda _: 1.0)
    ]
    state = folded(seen)
    assert to_retire(state) == ["c"]
    assert per_item(state)[0].effect.low < -0.24 < per_item(state)[0].effect.high


def test_calls_count_by_the_probabilities_they_were_drawn_with() -> None:
    """First the worse half of the traffic, with nearly all held out; then the better one."""
    worse = calls(4_000, lambda _: 0.2, holdout=0.8, seed=1)
    better = calls(4_000, lambda _: 0.8, holdout=0.1, seed=2)
    whole = overall(folded([*worse, *better]))
    assert whole.value is not None
    assert whole.low < 0 < whole.high
    assert abs(whole.value) < 0.05


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ((True, True, False), 0.85),
        ((False, True, False), 0.85),
        ((True, False, False), 0.9 * 0.85 * 0.15**2 / (0.1 + 0.9 * 0.15**2)),
    ],
)
def test_the_chance_of_an_answer_is_that_given_the_others(shown: tuple[bool, ...], expected: float) -> None:
    """With all others left out, the call was most probably held out as a whole."""
    assert chance(Seen("abc", shown, False, 0.1, 0.15, 1.0), 0) == pytest.approx(expected)


def test_the_chances_are_those_of_the_draw() -> None:
    seen = calls(40_000, lambda _: 0.5)
    for others in ((False, False), (True, False)):
        alike = [one for one in seen if tuple(one.shown[1:]) == others]
        share = sum(one.shown[0] for one in alike) / len(alike)
        assert share == pytest.approx(chance(alike[0], 0), abs=0.02)


def test_calls_without_a_reward_are_counted_and_tell_nothing() -> None:
    seen = calls(500, bad_c)
    with_reward = folded(seen)
    state = folded([*seen, *(one._replace(reward=None) for one in calls(300, bad_c, seed=2))])
    assert overall(state).unrewarded == 300
    assert {one.effect.unrewarded for one in per_item(state)} == {300}
    assert overall(state).value == overall(with_reward).value
    assert [one.evidence for one in per_item(state)] == [one.evidence for one in per_item(with_reward)]


def test_without_chance_nothing_is_told() -> None:
    state = folded(calls(500, bad_c, holdout=0.0, drop=0.0))
    assert overall(state).value is None
    assert [(one.effect.value, to_retire(state)) for one in per_item(state)] == [(None, [])] * 3
    assert to_retire(UpliftState()) == []


def test_one_find_among_many_answers_needs_more_evidence() -> None:
    few = folded(calls(700, bad_c))
    evidence = per_item(few)[0].evidence
    assert to_retire(few) == ["c"]
    many = msgspec.structs.replace(few, items={**few.items})
    for number in range(int(evidence / 2)):
        fold(many, [Seen([f"other {number}"], [True], False, 0.1, 0.15, 1.0)])
    assert to_retire(many) == []


def test_a_state_that_was_written_and_read_goes_on_as_if_nothing_had_been() -> None:
    seen = calls(200, bad_c)
    whole, half = folded(seen), folded(seen[:100])
    half = msgspec.json.decode(msgspec.json.encode(half), type=UpliftState)
    fold(half, seen[100:])
    assert half == whole


def test_proof_does_not_grow_without_end() -> None:
    state = folded([Seen("a", [shown], False, 0.1, 0.5, float(not shown)) for shown in (True, False)] * 2_000)
    assert 1e9 < per_item(state)[0].evidence < 1e13
