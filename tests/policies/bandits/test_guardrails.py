"""What stops a variant whatever it earns: enough calls that break a limit, not a few."""

import random
from collections.abc import Iterable

import pytest

from policies.bandits import BanditSettings, BanditState, Limits, Outcome, Reward, fold, resume

LIMITS = Limits(error_rate=0.1, violation_rate=0.0, latency_p95_ms=1_000, mean_cost_usd=0.01, alpha=0.01)
SETTINGS = BanditSettings(limits=LIMITS)


def after(outcomes: Iterable[Outcome], settings: BanditSettings = SETTINGS) -> BanditState:
    return fold(settings, BanditState(), outcomes=outcomes)


def errors(rate: float, n: int, seed: int = 1) -> list[Outcome]:
    luck = random.Random(seed)
    return [Outcome("terse", at_ns, error=luck.random() < rate) for at_ns in range(n)]


def test_two_errors_stop_nothing() -> None:
    assert after([Outcome("terse", error=True)] * 2).stops == {}


def test_errors_alone_stop_it_at_the_third() -> None:
    state = after(Outcome("terse", call, error=True) for call in range(1, 10))
    assert state.stops["terse"].at_ns == 3


def test_an_error_rate_well_over_the_limit_stops_it_within_a_hundred_calls() -> None:
    stops = [after(errors(0.4, 200, seed)).stops["terse"].at_ns for seed in range(100)]
    assert 15 < sum(stops) / 100 < 25
    assert max(stops) < 100


def test_an_error_rate_at_the_limit_stops_it_no_more_often_than_alpha() -> None:
    settings = BanditSettings(limits=Limits(error_rate=0.1, alpha=0.1))
    assert sum(bool(after(errors(0.1, 1_000, seed), settings).stops) for seed in range(100)) <= 10


def test_the_reason_says_what_was_seen_and_what_is_allowed() -> None:
    reason = after(errors(0.5, 100)).stops["terse"].reason
    assert reason.startswith("error rate 0.")
    assert "> 0.1 (" in reason
    assert "calls, alpha 0.01)" in reason


def test_where_no_violation_is_allowed_the_first_one_stops_it() -> None:
    state = after([Outcome("terse", 1), Outcome("terse", 2, violations=3), Outcome("terse", 3)])
    assert state.stops["terse"].at_ns == 2
    assert state.stops["terse"].reason.startswith("violation rate 0.5 > 0 ")


def test_slow_calls_stop_it_once_more_than_a_twentieth_are() -> None:
    quick = [Outcome("terse", latency_ms=900.0)] * 19
    slow = [Outcome("terse", latency_ms=30_000.0)]
    assert after((quick + slow) * 30).stops == {}
    assert "latency p95 > 1000 ms" in after((quick[:4] + slow) * 30).stops["terse"].reason


def test_dear_calls_stop_it() -> None:
    assert after([Outcome("terse", cost_usd=0.0099)] * 2_000).stops == {}
    reason = after([Outcome("terse", cost_usd=0.02)] * 300).stops["terse"].reason
    assert reason.startswith("mean cost $0.02 > $0.01")


def test_one_call_that_costs_a_fortune_does_not_stop_it() -> None:
    assert after([Outcome("terse", cost_usd=50.0), *[Outcome("terse", cost_usd=0.005)] * 50]).stops == {}


def test_what_is_not_known_of_a_call_is_not_held_against_it() -> None:
    state = after([Outcome("terse")] * 100)
    assert state.arms["terse"].calls.keys() == {"errors", "violations"}


def test_without_limits_nothing_is_counted_or_stopped() -> None:
    state = after(errors(1.0, 100), BanditSettings())
    assert state.stops == {}
    assert state.arms["terse"].calls == {}


def test_a_stop_lasts_though_calls_get_better_and_names_its_first_cause() -> None:
    state = after(errors(1.0, 50))
    better = fold(SETTINGS, state, outcomes=[*errors(0.0, 5_000), Outcome("terse", violations=1)])
    assert better.stops == state.stops


def test_one_variants_errors_do_not_stop_another() -> None:
    state = after([*errors(1.0, 50), *[Outcome("base")] * 50])
    assert state.stops.keys() == {"terse"}


def test_a_resumed_variant_is_judged_by_its_new_calls_and_keeps_its_rewards() -> None:
    state = fold(SETTINGS, BanditState(), [Reward("terse", 1.0)], errors(1.0, 50))
    resumed = resume(state, "terse")
    assert resumed.stops == {}
    assert resumed.arm("terse").n == 1
    assert fold(SETTINGS, resumed, outcomes=errors(0.05, 200)).stops == {}
    assert fold(SETTINGS, resumed, outcomes=errors(1.0, 50)).stops.keys() == {"terse"}
    assert state.stops.keys() == {"terse"}


def test_resuming_what_is_not_stopped_says_what_is() -> None:
    with pytest.raises(ValueError, match="variant 'base' is not stopped; stopped are: terse"):
        resume(after(errors(1.0, 50)), "base")


def test_new_limits_are_held_against_new_calls() -> None:
    state = after(errors(0.08, 1_000))
    strict = BanditSettings(limits=Limits(error_rate=0.01))
    moved = fold(strict, state, outcomes=[Outcome("terse")])
    assert moved.arms["terse"].calls["errors"].n == 1
    assert fold(strict, moved, outcomes=errors(0.08, 1_000)).stops.keys() == {"terse"}
