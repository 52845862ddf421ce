"""The change detector: quiet while nothing changes, quick when something does, small whatever comes."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bandits.change import BIN, _log_prior, changed, due, grown
from policies.bandits.state import Bin


def binned(values: list[float]) -> tuple[Bin, ...]:
    bins: tuple[Bin, ...] = ()
    for at_ns, value in enumerate(values):
        bins = grown(bins, value, at_ns)
    return bins


def alarm(values: list[float], delta: float) -> tuple[int, float, float, int] | None:
    """After how many values the detector speaks up, the means it names, and where it puts the change."""
    bins: tuple[Bin, ...] = ()
    for at_ns, value in enumerate(values):
        bins = grown(bins, value, at_ns)
        if due(bins) and (found := changed(bins, delta)):
            return at_ns + 1, found.before, found.after, found.since_ns
    return None


def coin(mean: float, n: int, luck: random.Random) -> list[float]:
    return [float(luck.random() < mean) for _ in range(n)]


@given(st.lists(st.floats(0, 1), max_size=500))
def test_bins_hold_every_reward_once_in_order(values: list[float]) -> None:
    bins = binned(values)
    assert sum(bin.n for bin in bins) == len(values)
    assert math.fsum(bin.total for bin in bins) == pytest.approx(math.fsum(values))
    since = 0
    for bin in bins:
        assert bin.since_ns == since
        assert bin.total == pytest.approx(math.fsum(values[since : since + bin.n]))
        since += bin.n


def test_memory_grows_with_the_logarithm() -> None:
    assert len(binned([0.5] * 1_000)) <= 5 * math.log2(1_000 / BIN)
    assert len(binned([0.5] * 64_000)) <= 5 * math.log2(64_000 / BIN)


def test_the_older_bins_are_the_coarser() -> None:
    sizes = [bin.n for bin in binned([0.5] * 5_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == BIN


def test_the_priors_of_all_candidates_sum_to_one_at_most() -> None:
    total = math.fsum(math.exp(_log_prior(BIN * place)) for place in range(1, 50_000))
    assert 0.9 < total <= 1


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_constant_rewards_never_raise_an_alarm(value: float) -> None:
    assert alarm([value] * 3_000, 0.05) is None


def test_a_steady_coin_raises_false_alarms_no_more_often_than_delta() -> None:
    luck = random.Random(1)
    false = [alarm(coin(0.6, 1_500, luck), 0.1) for _ in range(60)]
    assert sum(found is not None for found in false) <= 6


def test_a_drop_is_noticed_soon_and_dated() -> None:
    luck = random.Random(2)
    found = [alarm(coin(0.75, 2_000, luck) + coin(0.50, 1_000, luck), 0.01) for _ in range(40)]
    late = []
    for one in found:
        assert one is not None
        n, before, after, since = one
        late.append(n - 2_000)
        assert before == pytest.approx(0.75, abs=0.05)
        assert after < before
        assert abs(since - 2_000) <= 150
    assert all(n > 0 for n in late)
    assert sum(late) / len(late) < 230


def test_a_greater_drop_is_noticed_sooner() -> None:
    luck = random.Random(3)
    steady = coin(0.9, 1_000, luck)
    outage = alarm(steady + [0.0] * 500, 0.01)
    decline = alarm(steady + coin(0.6, 500, luck), 0.01)
    assert outage is not None
    assert decline is not None
    assert outage[0] - 1_000 <= 16
    assert outage[0] < decline[0]


def test_a_rise_is_noticed_too() -> None:
    found = alarm([0.0, 1.0] * 200 + [1.0] * 100, 0.01)
    assert found is not None
    assert found[1] == pytest.approx(0.5, abs=0.05)
    assert found[2] > 0.9
