"""What learning says of itself, and how it comes into the metrics."""

from pathlib import Path

import pytest

from proxy.rewards.status import AgentFigures, LearningStatus, VariantFigures, read_learning, write_learning
from tests.support.proxy import AGENT, proxied
from tests.support.upstream import Upstream

STATUS = LearningStatus(
    {
        AGENT: AgentFigures(
            epoch=7,
            published_ns=1,
            waiting=3,
            late=2,
            variants={
                "base": VariantFigures(0.75, 30, 0.5),
                "terse": VariantFigures(0.25, 10, 0.25),
                "kind": VariantFigures(0.0, 0, None, stopped=True),
            },
        )
    },
    "redis cannot be reached",
)


def test_it_comes_back_as_it_was_told(tmp_path: Path) -> None:
    assert read_learning(tmp_path) is None
    write_learning(tmp_path, STATUS)
    assert read_learning(tmp_path) == STATUS


@pytest.mark.parametrize("damaged", ["", "{", '{"agents": 1}'])
def test_a_damaged_file_tells_nothing(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "learning.json").write_text(damaged)
    assert read_learning(tmp_path) is None


async def test_metrics_show_it(upstream: Upstream, tmp_path: Path) -> None:
    async with proxied(upstream, tmp_path / "records") as proxy:
        write_learning(proxy.records, STATUS)
        text = (await proxy.get("/metrics")).body.decode()
    told = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}
    variant = f'{{agent="{AGENT}",variant="%s"}}'
    assert told[f"burnish_variant_share{variant % 'base'}"] == 0.75
    assert told[f"burnish_variant_rewards{variant % 'terse'}"] == 10
    assert told[f"burnish_variant_reward_mean{variant % 'terse'}"] == 0.25
    assert f"burnish_variant_reward_mean{variant % 'kind'}" not in told
    assert told[f"burnish_variant_stopped{variant % 'kind'}"] == 1
    assert told[f'burnish_epoch{{agent="{AGENT}"}}'] == 7
    assert told[f'burnish_rewards_awaited{{agent="{AGENT}"}}'] == 3
    assert told[f'burnish_scores_late{{agent="{AGENT}"}}'] == 2
    assert told["burnish_learning_failing"] == 1
