"""Epochs and the decisions they hold."""

import msgspec

from policies.bandits import BanditSettings, BanditState, Change, Epoch, Limits, Outcome, Reward, TrackAndStop, fold
from proxy.rewards.epochs import decisions, moved, name_of, next_epoch, published
from records.decision import Decision
from tests.support.scores import a_variant

NOW = 1_800_000_000 * 10**9
PLAIN = BanditSettings(ramp=None)


def epoch_of(state: BanditState, settings: BanditSettings = PLAIN, previous: Epoch | None = None) -> Epoch:
    return next_epoch("support", settings, state, ["base", "terse"], NOW, previous=previous, waiting={})


def decided(state: BanditState, epoch: Epoch, recorded: dict[str, float] | None = None) -> list[Decision]:
    return list(decisions("support", "default", "hash", state, epoch, recorded or {}))


def test_the_same_state_is_published_alike() -> None:
    state = fold(PLAIN, BanditState(), [Reward("base", 0.0), Reward("terse", 1.0)])
    assert epoch_of(state) == epoch_of(state)
    other = next_epoch("other", PLAIN, state, ["base", "terse"], NOW, previous=None, waiting={})
    assert other.probabilities != epoch_of(state).probabilities


def test_epochs_of_other_shares_have_other_names() -> None:
    one, two = Epoch(7, NOW, "thompson", {"a": 0.5, "b": 0.5}), Epoch(7, NOW, "thompson", {"a": 0.4, "b": 0.6})
    assert name_of(one) != name_of(two)
    assert name_of(one) == name_of(msgspec.structs.replace(one, at_ns=0))
    assert name_of(one) != name_of(msgspec.structs.replace(one, strata={"long": {"a": 0.1, "b": 0.9}}))
    assert name_of(one).startswith("7-")


def test_workers_are_told_the_shares_and_the_variants_they_cannot_know() -> None:
    epoch = Epoch(7, NOW, "contextual", {"a": 0.5, "b": 0.5}, strata={"long": {"a": 0.1, "b": 0.9}})
    told = published("support", epoch, [a_variant("b")])
    assert (told.epoch, told.policy, told.at_ns) == (name_of(epoch), "contextual", NOW)
    assert (told.probabilities, told.strata) == (epoch.probabilities, epoch.strata)
    assert told.variants == (a_variant("b"),)


def test_a_stop_is_a_decision_with_what_it_was_made_from() -> None:
    settings = BanditSettings(ramp=None, limits=Limits(error_rate=0.1))
    first = epoch_of(BanditState(), settings)
    state = fold(settings, BanditState(), outcomes=[Outcome("terse", error=True)] * 10)
    epoch = epoch_of(state, settings, first)
    stop, shares = decided(state, epoch, first.probabilities)
    assert (stop.kind, stop.subject) == ("stop", "terse")
    assert stop.text.startswith("stopped terse: error rate 1 > 0.1")
    assert stop.evidence["state"]["arms"]["terse"]["calls"]["errors"][0] == 10
    assert msgspec.convert(stop.evidence["epoch"], Epoch) == epoch
    assert (shares.kind, shares.text) == ("epoch", "shares: base 100.0%, terse 0.0%")


def test_a_restart_is_a_decision() -> None:
    settings = BanditSettings(ramp=None, change=Change(delta=0.01))
    rewards = [Reward("terse", float(number < 200), at_ns=number) for number in range(400)]
    state = fold(settings, BanditState(), rewards)
    kinds = [(each.kind, each.subject) for each in decided(state, epoch_of(state, settings, Epoch(1, 0, "t", {})))]
    assert ("restart", "terse") in kinds


def test_a_winner_is_a_decision() -> None:
    settings = BanditSettings(policy=TrackAndStop(), ramp=None)
    rewards = [Reward(("base", "terse")[number % 2], float(number % 2)) for number in range(200)]
    state = fold(settings, BanditState(), rewards)
    kinds = [(each.kind, each.subject) for each in decided(state, epoch_of(state, settings))]
    assert ("winner", "terse") in kinds


def test_shares_are_told_when_they_have_moved_much_since_they_were_told_last() -> None:
    told = {"base": 0.5, "terse": 0.5}
    assert not moved(told, Epoch(2, NOW, "thompson", {"base": 0.45, "terse": 0.55}))
    assert moved(told, Epoch(2, NOW, "thompson", {"base": 0.35, "terse": 0.65}))
    assert moved({}, Epoch(2, NOW, "thompson", told))
    assert decided(BanditState(), Epoch(2, NOW, "thompson", {"base": 0.45, "terse": 0.55}), told) == []


def test_the_same_epoch_decides_under_the_same_ids() -> None:
    settings = BanditSettings(ramp=None, limits=Limits(error_rate=0.1))
    state = fold(settings, BanditState(), outcomes=[Outcome("terse", error=True)] * 10)
    epoch = epoch_of(state, settings)
    assert decided(state, epoch) == decided(state, epoch)
    assert len({each.id for each in decided(state, epoch)}) == 2
