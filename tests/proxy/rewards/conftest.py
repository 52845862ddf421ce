"""An agent that learns, made by the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.bandits import BanditSettings
from proxy.config.reward import Reward
from tests.proxy.rewards.learning import Learning
from tests.stores.conftest import postgresql, postgresql_url
from tests.support.conftest import upstream

__all__ = ["postgresql", "postgresql_url", "upstream"]

Made = Callable[..., Learning]


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Made]:
    """`learning(scores={...}, wait=60)`; keywords are those of `Reward`, but for `bandit` and those of `Learning`."""
    made: list[Learning] = []

    def make(**given: Any) -> Learning:
        of_reward = {key: given.pop(key) for key in list(given) if key in Reward.model_fields}
        bandit = given.pop("bandit", BanditSettings(ramp=None))
        made.append(Learning(tmp_path, Reward(**{"wait": 60, **of_reward}), bandit, **given))
        return made[-1]

    yield make
    for each in made:
        each.close()
