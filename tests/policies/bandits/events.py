"""Rewards and outcomes for tests, from worlds whose truth is known, and strategies that make up any."""

import random
from collections.abc import Iterator, Mapping

from hypothesis import strategies as st

from policies.bandits import Outcome, Reward

ARMS = ("base", "terse", "warm")


def paid(arm: str, *values: float) -> list[Reward]:
    return [Reward(arm, value, at_ns) for at_ns, value in enumerate(values)]


def won(arm: str, times: int, of: int) -> list[Reward]:
    """Spread evenly, so that nothing seems to change."""
    return paid(arm, *(float((i + 1) * times // of > i * times // of) for i in range(of)))


def pulls(means: Mapping[str, float], each: int, seed: int = 1) -> Iterator[Reward]:
    """Each arm in turn, paying 1 with its mean as probability."""
    luck = random.Random(seed)
    for at_ns in range(each):
        for arm, mean in means.items():
            yield Reward(arm, float(luck.random() < mean), at_ns)


rewards = st.lists(
    st.builds(
        Reward,
        variant=st.sampled_from(ARMS),
        value=st.sampled_from([0.0, 1.0, 0.25, -3.0, 7.0]) | st.floats(-1, 2),
        at_ns=st.integers(0, 10**9),
    ),
    max_size=60,
)
outcomes = st.lists(
    st.builds(
        Outcome,
        variant=st.sampled_from(ARMS),
        error=st.booleans(),
        violations=st.integers(0, 2),
        latency_ms=st.none() | st.floats(0, 1e5),
        cost_usd=st.none() | st.floats(0, 10),
    ),
    max_size=30,
)
