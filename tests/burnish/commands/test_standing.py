"""How variants stand, beside the list of them."""

from pathlib import Path

import pytest

from burnish.commands.standing import sparkline
from policies.bandits import Reward as Earned
from policies.bandits import fold
from proxy.config.agent import AgentConfig
from proxy.rewards.epochs import next_epoch, published
from proxy.rewards.learned import Document
from proxy.rewards.roster import Roster
from proxy.rewards.terms import learning_step, terms_of
from stores.routing import BanditStore, Folded
from stores.routing.redis import RedisBandits
from stores.routing.sqlite import SqliteBandits
from tests.burnish.commands.agents import shown, with_agents
from tests.burnish.commands.recorded import Recorded
from tests.support.redis import running_redis

NOW = 1_800_000_000 * 10**9


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    found = with_agents(tmp_path)
    text = found.config.read_text()
    found.config.write_text(text.replace("- variant_routing", "- variant_routing: {policy: thompson, ramp: null}"))
    found.width = 200
    return found


def learn(store: BanditStore) -> None:
    """Terse answers were liked nine times in ten, others once in ten."""
    agent = AgentConfig.model_validate(
        {"models": {"default": "fast"}, "middleware": [{"variant_routing": {"policy": "thompson", "ramp": None}}]}
    )
    step = learning_step(agent)
    assert step is not None
    terms = terms_of("support", agent, step)
    assert terms is not None
    document = Document(terms.folded_by(Roster(("base", "terse"))))
    earned = [
        Earned(("base", "terse")[number % 2], float((number % 20 < 2) == (number % 2 == 0))) for number in range(200)
    ]
    document.bandit = fold(terms.bandit, document.bandit, earned)
    epoch = next_epoch("support", terms.bandit, document.bandit, ["base", "terse"], NOW, previous=None, waiting={})
    document.epoch = epoch
    document.history = ({"base": 1.0}, {"base": 0.5, "terse": 0.5}, dict(epoch.probabilities))
    store.save("support", None, Folded(1, document.encoded()), published("support", epoch, []))
    store.close()


def test_share_and_posterior_stand_beside_each_variant(recorded: Recorded) -> None:
    learn(SqliteBandits(recorded.data / "state.db"))
    names, base, terse = shown(recorded, "support").splitlines()
    assert names.split()[4:10] == ["share", "lately", "reward", "interval", "best", "rewards"]
    assert "5.0%" in base
    assert "95.0%" in terse
    assert "█▅▁" in base
    assert "▁▅█" in terse
    assert "100%" in terse


def test_programs_are_told_the_figures(recorded: Recorded) -> None:
    learn(SqliteBandits(recorded.data / "state.db"))
    base, terse = recorded.lines("variants", "support")
    assert (base["share"], base["rewards"], base["stopped"]) == (0.05, 100, None)
    assert base["lately"] == [1.0, 0.5, 0.05]
    assert base["interval"][0] < base["reward"] < base["interval"][1] < terse["interval"][0]
    assert base["best"] + terse["best"] == pytest.approx(1)
    assert recorded.lines("variants", "support") == [base, terse]


def test_where_nothing_was_learned_yet_nothing_stands_beside(recorded: Recorded) -> None:
    assert shown(recorded, "support").splitlines()[0].split() == ["variant", "state", "origin", "id", "changes"]
    assert not recorded.data.exists()


def test_where_routing_learns_nothing_neither(recorded: Recorded) -> None:
    learn(SqliteBandits(recorded.data / "state.db"))
    assert "share" not in shown(recorded, "sales")


def test_what_redis_keeps_is_shown_and_that_it_is_away_is_said(recorded: Recorded, tmp_path: Path) -> None:
    text = recorded.config.read_text()
    with running_redis(tmp_path) as redis:
        recorded.config.write_text(text.replace("{dir:", f"{{redis: '{redis.url}', dir:"))
        learn(RedisBandits(redis.url))
        assert "95.0%" in shown(recorded, "support")
        redis.kill()
        result = recorded.run("variants", "support")
        assert result.exit_code == 0
        assert "terse" in result.stdout
        assert result.stderr.startswith("burnish: how variants stand cannot be told: redis")


def test_a_sparkline_has_a_bar_for_each_share() -> None:
    assert sparkline([0, 0.13, 0.5, 0.9, 1]) == "▁▂▅▇█"
    assert sparkline([]) == ""
