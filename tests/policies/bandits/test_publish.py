"""Epochs: shares that are probabilities within their reins, a chain that remembers, and reasons in words."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits import (
    BanditSettings,
    BanditState,
    Change,
    Contextual,
    Epoch,
    Fixed,
    Limits,
    Outcome,
    Policy,
    Ramp,
    Reward,
    Thompson,
    TrackAndStop,
    Ucb,
    Weighted,
    fold,
    resume,
)
from policies.bandits.publish import publish
from tests.policies.bandits.events import ARMS, outcomes, rewards, won

LEARNING: list[Policy] = [
    Thompson(draws=64),
    Thompson("gaussian", draws=64),
    Ucb(),
    Ucb("ucb1", batch=250),
    TrackAndStop(),
    Contextual({"short": (0.0,), "long": (1.0,)}, min_rewards=0, draws=64),
    Contextual({"short": (0.0,), "long": (1.0,)}, min_rewards=0, method="linucb"),
]
SET: list[Policy] = [Fixed("terse"), Weighted({"base": 9.0, "terse": 1.0})]
SECOND = 10**9


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def published(
    settings: BanditSettings,
    state: BanditState | None = None,
    eligible: tuple[str, ...] = ARMS,
    now_ns: int = 0,
    previous: Epoch | None = None,
) -> Epoch:
    return publish(settings, state or BanditState(), eligible, random(), now_ns, previous=previous)


def erring(*arms: str) -> BanditState:
    limited = BanditSettings(limits=Limits(error_rate=0.1))
    return fold(limited, BanditState(), outcomes=[Outcome(arm, error=True) for arm in arms for _ in range(20)])


@pytest.mark.parametrize("policy", [*LEARNING, *SET], ids=str)
@given(
    rewards,
    outcomes,
    st.lists(st.sampled_from([*ARMS, "new"]), min_size=1, unique=True),
    st.floats(0, 1),
    st.booleans(),
)
def test_shares_sum_to_one_keep_the_floor_and_give_stopped_arms_nothing(
    policy: Policy, some: list[Reward], others: list[Outcome], eligible: list[str], floor: float, ramped: bool
) -> None:
    limits = Limits(error_rate=0.1, violation_rate=0.2, alpha=0.5)
    settings = BanditSettings(policy=policy, limits=limits, floor=floor, ramp=Ramp() if ramped else None)
    state = fold(settings, BanditState(), some, others)
    epoch = publish(settings, state, eligible, random(), 0)
    running = [name for name in eligible if name not in state.stops]
    for shares in (epoch.probabilities, *epoch.strata.values()):
        assert tuple(shares) == tuple(eligible)
        assert math.fsum(shares.values()) == pytest.approx(1, abs=1e-12)
        assert all(share >= 0 for share in shares.values())
        if running:
            assert all(shares[name] == 0 for name in epoch.stopped)
        if running and policy in LEARNING:
            assert min(shares[name] for name in running) >= min(floor, 1 / len(running)) - 1e-12


@pytest.mark.parametrize("policy", [*LEARNING, *SET], ids=str)
def test_the_same_state_and_seed_give_the_same_epoch(policy: Policy) -> None:
    settings = BanditSettings(policy=policy)
    state = fold(settings, BanditState(), won("terse", 30, 50))
    assert published(settings, state) == published(settings, state)


def test_an_epoch_survives_json() -> None:
    epoch = published(BanditSettings(policy=LEARNING[-1], limits=Limits(error_rate=0.1)), erring("terse"))
    assert epoch.strata
    assert epoch.why
    assert msgspec.json.decode(msgspec.json.encode(epoch), type=Epoch) == epoch


def test_epochs_are_numbered_and_name_their_policy() -> None:
    first = published(BanditSettings(), now_ns=5)
    second = published(BanditSettings(policy=Ucb()), now_ns=7, previous=first)
    assert (first.number, first.at_ns, first.policy) == (1, 5, "thompson")
    assert (second.number, second.at_ns, second.policy) == (2, 7, "ucb")


def test_an_epoch_in_which_only_shares_moved_gives_no_reason() -> None:
    settings = BanditSettings()
    first = published(settings)
    second = published(settings, fold(settings, BanditState(), won("terse", 9, 10)), previous=first)
    assert second.probabilities != first.probabilities
    assert second.why == ()


@pytest.mark.parametrize("eligible", [(), ("base", "base")])
def test_variants_must_be_named_and_named_once(eligible: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least one, each named once"):
        published(BanditSettings(), eligible=eligible)


def test_a_fixed_variant_gets_all() -> None:
    assert published(BanditSettings(policy=Fixed("warm"))).probabilities == {"base": 0, "terse": 0, "warm": 1}


def test_weights_are_the_owners_and_know_no_floor() -> None:
    epoch = published(BanditSettings(policy=Weighted({"base": 9, "terse": 1, "gone": 5}), floor=0.3))
    assert epoch.probabilities == {"base": 0.9, "terse": 0.1, "warm": 0}


def test_a_stopped_variants_weight_goes_to_the_others() -> None:
    settings = BanditSettings(policy=Weighted({"base": 2, "terse": 1, "warm": 2}), limits=Limits(error_rate=0.1))
    assert published(settings, erring("terse")).probabilities == {"base": 0.5, "terse": 0, "warm": 0.5}


def test_where_the_fixed_variant_is_stopped_the_incumbent_serves() -> None:
    settings = BanditSettings(policy=Fixed("terse"), limits=Limits(error_rate=0.1))
    assert published(settings, erring("terse")).probabilities["base"] == 1


def test_where_all_are_stopped_the_incumbent_goes_on() -> None:
    epoch = published(BanditSettings(limits=Limits(error_rate=0.1)), erring(*ARMS))
    assert epoch.probabilities == {"base": 1, "terse": 0, "warm": 0}
    assert epoch.why[-1] == "every variant is stopped; base goes on answering, as one has to"


def test_stops_and_resumptions_are_told_once() -> None:
    settings = BanditSettings(limits=Limits(error_rate=0.1))
    first = published(settings)
    state = erring("terse")
    second = published(settings, state, previous=first)
    assert second.why == (f"stopped terse: {state.stops['terse'].reason}",)
    assert published(settings, state, previous=second).why == ()
    assert published(settings, resume(state, "terse"), previous=second).why == ("resumed terse",)


def test_who_joins_and_leaves_is_told() -> None:
    first = published(BanditSettings(), eligible=("base", "terse"))
    second = published(BanditSettings(), eligible=("base", "warm"), previous=first)
    assert second.why == ("warm joined", "terse left")


def test_a_restart_is_told_once_with_its_time() -> None:
    settings = BanditSettings(change=Change())
    first = published(settings)
    state = fold(settings, BanditState(), won("base", 400, 500))
    state = fold(settings, state, [Reward("base", 0.0, 86_400 * SECOND)] * 50)
    second = published(settings, state, previous=first)
    (why,) = second.why
    assert why.startswith("restart after base changed from 0.794 to 0")
    assert why.endswith("about 1970-01-02 00:00:00 UTC; forgot all rewards")
    assert second.regime == 2
    assert published(settings, state, previous=second).why == ()


def test_a_new_variants_share_grows_with_its_rewards() -> None:
    settings = BanditSettings(policy=Thompson(), ramp=Ramp(start=0.1, rewards=100), floor=0.0)
    state = fold(settings, BanditState(), won("base", 10, 100))
    shares = []
    for rewarded in (0, 25, 50, 100):
        known = fold(settings, state, won("new", rewarded * 4 // 5, rewarded))
        shares.append(published(settings, known, ("base", "new")).probabilities["new"])
    assert shares == pytest.approx([0.1, 0.325, 0.55, 1.0], abs=0.01)


def test_a_variant_that_joins_later_is_aged_from_then_on() -> None:
    settings = BanditSettings(policy=Ucb(), ramp=Ramp(start=0.1, rewards=0, seconds=100), floor=0.0)
    state = fold(settings, BanditState(), [*won("base", 10, 500), *won("old", 50, 500)])
    epoch = published(settings, state, ("base", "old"), now_ns=0)
    ages = []
    for seconds in (1_000, 1_050, 1_100):
        epoch = published(settings, state, ("base", "old", "new"), now_ns=seconds * SECOND, previous=epoch)
        ages.append(epoch.probabilities["new"])
    assert ages == pytest.approx([0.1, 0.55, 1.0])
    assert epoch.joined == {"base": 0, "old": 0, "new": 1_000 * SECOND}


def test_with_a_floor_no_share_falls_below_it_however_bad_the_arm() -> None:
    settings = BanditSettings(floor=0.05, ramp=None)
    state = fold(settings, BanditState(), [*won("base", 900, 1_000), *won("terse", 0, 1_000), *won("warm", 0, 1_000)])
    assert published(settings, state).probabilities == pytest.approx({"base": 0.9, "terse": 0.05, "warm": 0.05})


def test_track_and_stop_gives_the_winner_all_save_the_floor_and_says_so_once() -> None:
    settings = BanditSettings(policy=TrackAndStop(delta=0.05), floor=0.02, ramp=None, change=None)
    first = published(settings, eligible=("base", "terse"))
    state = fold(settings, BanditState(), [*won("base", 100, 200), *won("terse", 160, 200)])
    second = published(settings, state, ("base", "terse"), previous=first)
    assert second.winner == "terse"
    assert second.probabilities == pytest.approx({"base": 0.02, "terse": 0.98})
    assert second.why == ("winner terse at delta 0.05",)
    assert published(settings, state, ("base", "terse"), previous=second).why == ()


def test_a_variant_that_joins_opens_the_question_anew() -> None:
    settings = BanditSettings(policy=TrackAndStop(), ramp=None, change=None)
    state = fold(settings, BanditState(), [*won("base", 100, 200), *won("terse", 160, 200)])
    won_by = published(settings, state, ("base", "terse"))
    epoch = published(settings, state, ("base", "terse", "warm"), previous=won_by)
    assert epoch.winner is None
    assert epoch.why == ("warm joined", "terse is no longer the winner")


def test_thompson_finds_the_best_arm_epoch_after_epoch() -> None:
    means = {"base": 0.5, "terse": 0.7, "warm": 0.4}
    settings = BanditSettings(policy=Thompson(draws=512))
    luck = random(3)
    state, epoch = BanditState(), None
    shares = []
    for number in range(20):
        epoch = publish(settings, state, tuple(means), luck, number, previous=epoch)
        chosen = luck.choice(list(means), size=100, p=list(epoch.probabilities.values())).tolist()
        state = fold(settings, state, [Reward(arm, float(luck.random() < means[arm])) for arm in chosen])
        shares.append(epoch.probabilities["terse"])
    assert shares[-1] == pytest.approx(0.9, abs=1e-9)
    assert all(later >= earlier - 0.2 for earlier, later in pairwise(shares))
