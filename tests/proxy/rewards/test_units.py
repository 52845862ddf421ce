"""Runs and scores joined into units: what counts, what is late, and when a unit is settled."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from proxy.config.reward import Reward
from proxy.rewards.units import MOST_UNITS, Kept, Said, Units
from records.run import Run
from records.score import PREFERENCE
from tests.proxy.rewards.learning import SECOND, a_call, a_thumb
from tests.support.runs import NOON
from tests.support.scores import a_score


class Joining:
    """Units that wait a minute. `settle(at)` is what they earned by that second after noon."""

    def __init__(self, **given: Any) -> None:
        self._more = {key: given.pop(key) for key in ("last_word", "combine") if key in given}
        self.sticky = given.pop("sticky", "session")
        self.reward = Reward(**{"wait": 60, **given})
        self.units = self._made(Kept())

    def _made(self, kept: Kept) -> Units:
        return Units(self.reward, self.sticky, kept, **self._more)

    def run(self, *runs: Run) -> "Joining":
        for run in runs:
            self.units.run(run)
        return self

    def settle(self, at: float) -> list[float]:
        return [earned.value for earned in self.units.settle(NOON + round(at * SECOND))]

    def through_the_store(self) -> None:
        self.units = self._made(msgspec.msgpack.decode(msgspec.msgpack.encode(self.units.kept()), type=Kept))


def test_a_score_that_comes_minutes_later_is_joined_by_its_run() -> None:
    joining = Joining(wait=600)
    calls = [a_call(f"{number}", session=f"s{number}") for number in range(3)]
    joining.run(*calls)
    joining.units.score(a_thumb(calls[1], at=500))
    (earned,) = joining.units.settle(NOON + 500 * SECOND)
    assert (earned.unit.key, earned.unit.variant, earned.value) == ("session s1", "base", 1.0)
    assert earned.unit.propensity == 0.5


def test_all_calls_of_a_session_are_one_unit() -> None:
    joining = Joining()
    calls = [a_call(f"{number}", session="s", at=number, cost_usd=0.1, took=2) for number in range(3)]
    joining.run(*calls)
    joining.units.score(a_thumb(calls[1], at=10))
    (earned,) = joining.units.settle(NOON + 10 * SECOND)
    assert (earned.unit.id, earned.unit.calls) == (calls[0].id, 3)
    assert earned.unit.cost_usd == pytest.approx(0.3)
    assert earned.unit.seconds == 6.0


@pytest.mark.parametrize(("sticky", "units"), [("session", 3), ("user", 2), ("call", 4)])
def test_a_unit_is_what_keeps_its_variant(sticky: str, units: int) -> None:
    joining = Joining(sticky=sticky, missing=0.5)
    joining.run(
        a_call("1", session="s", user="ada"),
        a_call("2", session="s", user="ada"),
        a_call("3", session="t", user="ada"),
        a_call("4"),
    )
    assert len(joining.settle(100)) == units


def test_nothing_is_settled_before_everybody_has_spoken() -> None:
    joining = Joining(scores={"thumbs": 1, "rating": {"range": [1, 5]}})
    call = a_call("1", session="s")
    joining.run(call)
    joining.units.score(a_thumb(call, at=1))
    assert joining.settle(1) == []
    joining.units.score(a_score(call.id, 3.0, evaluator="rating", created_ns=NOON + 2 * SECOND))
    assert joining.settle(2) == [0.75]


def test_once_the_wait_is_over_those_who_spoke_decide() -> None:
    joining = Joining(scores={"thumbs": 1, "rating": {"range": [1, 5]}})
    call = a_call("1", session="s", took=1)
    joining.run(call)
    joining.units.score(a_thumb(call, up=False, at=30))
    assert joining.settle(60.9) == []
    assert joining.settle(61) == [0.0]


def test_the_wait_begins_anew_with_each_call() -> None:
    joining = Joining(missing=1.0)
    joining.run(a_call("1", session="s"), a_call("2", session="s", at=50, took=0))
    assert joining.settle(109) == []
    assert joining.settle(110) == [1.0]


@pytest.mark.parametrize(("missing", "earned"), [("ignore", []), (0.25, [0.25])])
def test_scores_that_never_come_count_as_the_owner_says(missing: Any, earned: list[float]) -> None:
    joining = Joining(missing=missing)
    joining.run(a_call("1", session="s"))
    assert joining.settle(1_000) == earned
    assert joining.settle(2_000) == []


def test_what_is_said_too_late_counts_for_nothing() -> None:
    joining = Joining(missing=0.5)
    call = a_call("1", session="s", took=0)
    joining.run(call)
    joining.units.score(a_thumb(call, at=60.1))
    assert joining.settle(60.2) == [0.5]
    assert joining.units.kept().late == 1


def test_what_is_said_after_the_unit_was_settled_counts_for_nothing() -> None:
    joining = Joining()
    call = a_call("1", session="s")
    joining.run(call)
    joining.units.score(a_thumb(call, at=1))
    assert joining.settle(1) == [1.0]
    joining.units.score(a_thumb(call, up=False, at=2))
    joining.units.score(a_thumb(call, up=False, at=2, rater="bob"))
    assert joining.settle(1_000) == []
    assert joining.units.kept().late == 2


def test_who_thinks_again_in_time_has_one_vote() -> None:
    joining = Joining(scores={"thumbs": 1, "rating": {"range": [1, 5]}})
    call = a_call("1", session="s")
    joining.run(call)
    joining.units.score(a_thumb(call, up=True, at=1))
    joining.units.score(a_thumb(call, up=False, at=2))
    assert joining.settle(100) == [0.0]


def test_a_session_that_goes_on_for_longer_than_the_wait_earns_again() -> None:
    joining = Joining()
    early, late = a_call("1", session="s"), a_call("2", session="s", at=61)
    joining.run(early, late)
    joining.units.score(a_thumb(late, at=62))
    joining.units.score(a_thumb(early, up=False, at=50))
    assert sorted(joining.settle(62)) == [0.0, 1.0]


def test_a_session_that_was_given_another_variant_is_another_unit() -> None:
    joining = Joining()
    calls = [a_call("1", "terse", session="s"), a_call("2", "base", session="s", at=1)]
    joining.run(*calls)
    joining.units.score(a_thumb(calls[1], at=2))
    (earned,) = joining.units.settle(NOON + 2 * SECOND)
    assert earned.unit.variant == "base"


def test_calls_without_an_assignment_earn_nothing() -> None:
    joining = Joining(missing=1.0)
    joining.run(msgspec.structs.replace(a_call("1", session="s"), steps=()))
    assert joining.settle(1_000) == []


def test_the_same_run_or_score_read_twice_counts_once() -> None:
    joining = Joining(cost=1, missing=0.0)
    call = a_call("1", session="s", cost_usd=0.25)
    joining.run(call, call)
    for _ in range(2):
        joining.units.score(a_thumb(call, at=1))
    assert joining.settle(1) == [0.75]


def test_scores_of_a_run_that_is_not_in_the_store_yet_are_kept_for_it() -> None:
    joining = Joining()
    call = a_call("1", session="s")
    joining.units.score(a_thumb(call, at=1))
    joining.through_the_store()
    joining.run(call)
    assert joining.settle(2) == [1.0]


def test_scores_of_runs_that_never_come_are_forgotten() -> None:
    joining = Joining()
    joining.units.score(a_thumb(a_call("1"), at=0))
    joining.settle(60)
    assert joining.units.kept() == Kept()


def test_several_raters_of_a_run_are_combined_before_runs_are_averaged() -> None:
    joining = Joining(scores={"thumbs": 1, "other": 1})
    calls = [a_call("1", session="s"), a_call("2", session="s", at=1)]
    joining.run(*calls)
    for rater in ("ada", "bob", "cleo"):
        joining.units.score(a_thumb(calls[0], at=2, rater=rater))
    joining.units.score(a_thumb(calls[1], up=False, at=2))
    assert joining.settle(100) == [0.5]


def test_who_knows_the_raters_says_what_their_votes_come_to() -> None:
    def only_ada(evaluator: str, said: Sequence[Said]) -> float:
        return next(each.value for each in said if each.rater == "ada")

    joining = Joining(scores={"thumbs": 1, "other": 1}, combine=only_ada)
    call = a_call("1", session="s")
    joining.run(call)
    for rater, up in (("bob", False), ("ada", True), ("cleo", False)):
        joining.units.score(a_thumb(call, up, at=2, rater=rater))
    assert joining.settle(100) == [1.0]


def test_of_a_pair_the_one_is_praised_and_the_other_is_not() -> None:
    joining = Joining(scores={PREFERENCE: 1})
    better, worse = a_call("1", "terse", session="s"), a_call("2", "base", session="t")
    joining.run(better, worse)
    joining.units.score(
        a_score(better.id, 1.0, kind="pair", against=worse.id, evaluator=PREFERENCE, created_ns=NOON + SECOND)
    )
    earned = {each.unit.variant: each.value for each in joining.units.settle(NOON + SECOND)}
    assert earned == {"terse": 1.0, "base": 0.0}


def test_an_evaluator_that_failed_has_not_spoken() -> None:
    joining = Joining(scores={"judge": 1})
    call = a_call("1", session="s")
    joining.run(call)
    joining.units.score(a_score(call.id, None, evaluator="judge", failure="no answer", created_ns=NOON))
    assert joining.settle(1_000) == []


def test_evaluators_of_the_last_word_have_spoken_when_they_did_of_the_last_call() -> None:
    joining = Joining(scores={"retry": -1}, last_word=["retry"])
    calls = [a_call("1", session="s"), a_call("2", session="s", at=1)]
    joining.run(*calls)
    joining.units.score(a_score(calls[0].id, 1.0, evaluator="retry", created_ns=NOON + SECOND))
    assert joining.settle(2) == []
    joining.units.score(a_score(calls[1].id, 0.0, evaluator="retry", created_ns=NOON + 2 * SECOND))
    assert joining.settle(2) == [-0.5]


def test_what_waits_outlives_the_process() -> None:
    joining = Joining(scores={"thumbs": 1, "rating": {"range": [1, 5]}}, cost=1)
    call = a_call("1", session="s", cost_usd=0.5)
    joining.run(call)
    joining.units.score(a_thumb(call, at=1))
    joining.through_the_store()
    joining.units.score(a_score(call.id, 5.0, evaluator="rating", created_ns=NOON + 2 * SECOND))
    joining.through_the_store()
    assert joining.settle(2) == [0.5]
    joining.through_the_store()
    assert joining.settle(1_000) == []


def test_a_unit_whose_reward_is_on_record_earns_no_other() -> None:
    joining = Joining(missing=0.0)
    call = a_call("1", session="s")
    joining.run(call)
    joining.units.score(a_thumb(call, at=1))
    assert joining.units.rewarded(call.id)
    assert not joining.units.rewarded(call.id)
    assert joining.settle(1_000) == []


def test_what_waits_is_bounded() -> None:
    joining = Joining(missing=0.5)
    call = a_call("1")
    for number in range(MOST_UNITS + 10):
        joining.run(msgspec.structs.replace(call, id=f"{number}", session=f"s{number}"))
    assert len(joining.settle(0)) == 10
    assert sum(joining.units.waiting().values()) == MOST_UNITS


def test_a_unit_of_very_many_calls_joins_the_scores_of_the_latest() -> None:
    joining = Joining(scores={"thumbs": 1, "other": 1}, cost=1)
    calls = [a_call(f"{number}", session="s", at=number / 1000, cost_usd=0.0001) for number in range(2_000)]
    joining.run(*calls)
    joining.units.score(a_thumb(calls[1], up=False, at=3))
    joining.units.score(a_thumb(calls[-1], at=3))
    assert joining.settle(100) == [pytest.approx(0.8)]
    assert len(joining.units.kept().units) == 0


def test_a_thousand_settled_units_leave_nothing_behind() -> None:
    joining = Joining(missing=0.5)
    joining.run(*(a_call(f"{number}", session=f"s{number}", at=number) for number in range(1_000)))
    assert len(joining.settle(2_000)) == 1_000
    assert joining.units.kept() == Kept()
