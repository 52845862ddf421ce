"""Folding: pure, the same in one batch or many, and mindful of bounds, contexts and changes."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits import (
    BanditSettings,
    BanditState,
    Change,
    Contextual,
    Limits,
    Outcome,
    Policy,
    Reward,
    Thompson,
    TrackAndStop,
    fold,
)
from tests.policies.bandits.events import outcomes, paid, rewards, won

POLICIES: list[Policy] = [
    Thompson(),
    TrackAndStop(),
    Contextual({"short": (0.0,), "long": (1.0,)}),
]


def settings(policy: Policy = POLICIES[0], **more: float) -> BanditSettings:
    limits = Limits(error_rate=0.1, violation_rate=0.2, latency_p95_ms=500, mean_cost_usd=0.1, alpha=0.3)
    # A delta this large makes restarts likely within a few dozen rewards.
    return BanditSettings(policy=policy, limits=limits, change=Change(delta=0.9), bounds=(-1.0, 1.0))


def with_context(some: list[Reward]) -> list[Reward]:
    return [msgspec.structs.replace(reward, context=(reward.value,)) for reward in some]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(type(policy).__name__))
@given(rewards, outcomes, st.integers(0, 60), st.integers(0, 30))
def test_folding_in_two_batches_is_folding_in_one(
    policy: Policy, all_rewards: list[Reward], all_outcomes: list[Outcome], cut: int, other: int
) -> None:
    if isinstance(policy, Contextual):
        all_rewards = with_context(all_rewards)
    rules = settings(policy)
    halfway = fold(rules, BanditState(), all_rewards[:cut], all_outcomes[:other])
    assert fold(rules, halfway, all_rewards[cut:], all_outcomes[other:]) == fold(
        rules, BanditState(), all_rewards, all_outcomes
    )


@given(rewards, outcomes)
def test_rewards_and_outcomes_do_not_touch_one_another(some: list[Reward], others: list[Outcome]) -> None:
    rules = settings()
    one = fold(rules, fold(rules, BanditState(), some), outcomes=others)
    other = fold(rules, fold(rules, BanditState(), outcomes=others), some)
    assert one == other


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(type(policy).__name__))
@given(rewards, outcomes)
def test_a_state_that_was_folded_into_stays_as_it_was(
    policy: Policy, some: list[Reward], others: list[Outcome]
) -> None:
    rules = settings(policy)
    if isinstance(policy, Contextual):
        some = with_context(some)
    state = fold(rules, BanditState(), some, others)
    before = msgspec.msgpack.encode(state)
    fold(rules, state, some, others)
    assert msgspec.msgpack.encode(state) == before


@given(rewards, outcomes)
def test_a_state_survives_json_and_msgpack(some: list[Reward], others: list[Outcome]) -> None:
    rules = settings(TrackAndStop())
    state = fold(rules, BanditState(), some, others)
    for codec in (msgspec.json, msgspec.msgpack):
        read = codec.decode(codec.encode(state), type=BanditState)
        assert read == state
        assert fold(rules, read, some, others) == fold(rules, state, some, others)


def test_an_arms_statistics_are_those_of_its_scaled_rewards() -> None:
    arm = fold(BanditSettings(bounds=(-1.0, 3.0)), BanditState(), paid("base", -1.0, 0.0, 3.0)).arm("base")
    assert (arm.n, arm.total, arm.squares, arm.rewards) == (3, 1.25, 1.0625, 3)


def test_rewards_out_of_bounds_count_as_the_nearest_within() -> None:
    arm = fold(BanditSettings(), BanditState(), paid("base", -50.0, 1e300)).arm("base")
    assert arm.total == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_reward_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="a reward must be a finite number"):
        fold(BanditSettings(), BanditState(), paid("base", value))


def test_a_context_of_another_length_is_refused() -> None:
    rules = settings(Contextual({"short": (0.0,), "long": (1.0,)}))
    with pytest.raises(ValueError, match="a context of 2 features, where the strata have 1"):
        fold(rules, BanditState(), [Reward("base", 1.0, context=(0.0, 1.0))])


def dropped(change: Change | None) -> BanditState:
    """Two arms, one of which stops earning."""
    rules = BanditSettings(change=change)
    state = fold(rules, BanditState(), won("terse", 300, 500))
    return fold(rules, state, [*won("base", 400, 500), *[Reward("base", 0.0, 500 + i) for i in range(200)]])


def test_a_change_of_one_arm_forgets_all_rewards() -> None:
    state = dropped(Change())
    assert state.regime == 2
    assert state.arm("terse").n == 0
    assert 0 < state.arm("base").n < 200
    assert state.arm("base").mean == 0
    assert (state.arm("terse").rewards, state.arm("base").rewards) == (500, 700)


def test_or_only_those_of_the_arm_that_changed() -> None:
    state = dropped(Change(restart="arm"))
    assert state.arm("terse").n == 500
    assert 0 < state.arm("base").n < 200


def test_a_restart_is_told_with_its_time_and_its_means() -> None:
    (restart,) = dropped(Change()).restarts
    assert restart.variant == "base"
    assert restart.changed_ns == pytest.approx(500, abs=16)
    assert 500 < restart.at_ns < 530
    assert restart.before == pytest.approx(0.8, abs=0.02)
    assert restart.after < 0.2


def test_without_change_detection_nothing_is_forgotten_or_kept_for_it() -> None:
    state = dropped(None)
    assert (state.regime, state.arm("base").n, state.arm("base").bins) == (1, 700, {})


def test_what_calls_did_outlives_a_restart() -> None:
    rules = BanditSettings(limits=Limits(error_rate=0.5))
    state = fold(rules, BanditState(), won("base", 400, 500), [Outcome("base")] * 10)
    state = fold(rules, state, [Reward("base", 0.0)] * 100)
    assert state.regime == 2
    assert state.arm("base").calls["errors"].n == 10
