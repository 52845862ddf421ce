"""Judging the critique of all agents, from their configuration: whose is, by what, and what trouble does."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.model import Config
from proxy.critique.keeping import CritiqueKeeping
from proxy.critique.known import known_from
from proxy.critique.terms import critiqued_agents, terms_of
from stores.critique_states import CRITIQUE
from stores.runs import RunStore, open_store
from stores.states.opening import states_in
from tests.support.critiqued import a_fact, critiqued_run
from tests.support.runs import NOON

CRITIQUED: dict[str, Any] = {"models": {"default": "m"}, "middleware": ["self_critique"]}
LATER = NOON + 10**6 * 10**9


class Background:
    """The part of the background process that judges critique; `now` is in seconds."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self._folder = folder
        self._made: list[CritiqueKeeping] = []
        self._runs: RunStore | None = None
        self._number = 0

    def configured(self, agents: dict[str, Any]) -> Config:
        return Config.model_validate(
            {
                "version": 1,
                "providers": {"p": {"base_url": "http://127.0.0.1:1/v1"}},
                "models": {"m": {"provider": "p", "model": "m"}},
                "records": {"dir": self._folder},
                "agents": agents,
            }
        )

    def keeping(self, config: Config) -> CritiqueKeeping:
        if self._runs is None:
            self._runs = open_store(config.records.database)
        self._made.append(CritiqueKeeping(config, self._runs, clock=lambda: self.now, wall=lambda: LATER))
        return self._made[-1]

    def called(self, agent: str) -> None:
        assert self._runs is not None
        self._number += 1
        self._runs.put([critiqued_run(self._number, a_fact(), agent=agent)], {"segment": self._number})

    def close(self) -> None:
        for each in self._made:
            each.close()
        if self._runs is not None:
            self._runs.close()


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    found = Background(tmp_path)
    yield found
    found.close()


def calls(config: Config, agent: str) -> int:
    states = states_in(config.records.dir, None, CRITIQUE)
    try:
        folded = states.load(agent)
    finally:
        states.close()
    known = known_from(folded.state) if folded else None
    return known.critique.strata["question"].calls if known else 0


@pytest.mark.parametrize(
    ("agent", "judged"),
    [
        (CRITIQUED, True),
        # A variant may have it on.
        ({**CRITIQUED, "middleware": [{"self_critique": {"enabled": False}}]}, True),
        ({**CRITIQUED, "mode": "observe"}, False),
        ({**CRITIQUED, "record": "none"}, False),
        ({**CRITIQUED, "middleware": []}, False),
    ],
)
def test_agents_are_judged_that_may_be_critiqued_and_whose_runs_are_kept(
    background: Background, agent: dict[str, Any], judged: bool
) -> None:
    assert bool(list(critiqued_agents(background.configured({"support": agent})))) is judged


def test_it_is_judged_as_the_owner_says(background: Background) -> None:
    step = {"self_critique": {"holdout": 0.2, "explore": 0.05, "price": 0.01}}
    reward = {"scores": {"task_success": 1}, "wait": "5m"}
    config = background.configured({"support": {**CRITIQUED, "middleware": [step], "reward": reward}})
    ((name, agent, found),) = critiqued_agents(config)
    terms = terms_of(name, agent, found, config.hash)
    assert (terms.worth.holdout, terms.worth.explore, terms.worth.price) == (0.2, 0.05, 0.01)
    assert list(terms.reward.scores) == ["task_success"]


def test_where_the_owner_does_not_say_what_answers_earn_people_do(background: Background) -> None:
    ((name, agent, step),) = critiqued_agents(background.configured({"support": CRITIQUED}))
    assert sorted(terms_of(name, agent, step).reward.scores) == ["rating", "thumbs"]


def test_each_agent_is_judged_apart_and_looked_at_once_a_second(background: Background) -> None:
    config = background.configured({"support": CRITIQUED, "sales": CRITIQUED, "other": {"models": {"default": "m"}}})
    keeping = background.keeping(config)
    for agent in ("support", "support", "sales", "other"):
        background.called(agent)
    assert not keeping.step()
    assert [calls(config, agent) for agent in ("support", "sales", "other")] == [2, 1, 0]
    background.called("support")
    keeping.step()
    assert calls(config, "support") == 2
    background.now = 1.0
    keeping.step()
    assert calls(config, "support") == 3


def test_another_configuration_takes_effect(background: Background) -> None:
    keeping = background.keeping(background.configured({"support": {"models": {"default": "m"}}}))
    background.called("support")
    keeping.step()
    config = background.configured({"support": CRITIQUED})
    keeping.use(config)
    background.now = 1.0
    keeping.step()
    assert calls(config, "support") == 1


def test_trouble_is_said_once_and_tried_again(
    background: Background, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.db").write_bytes(b"no database, however long one looks at it" * 50)
    config = background.configured({"support": CRITIQUED})
    keeping = background.keeping(config)
    background.called("support")
    with caplog.at_level(logging.WARNING, "burnish.critique"):
        while background.now < 30:
            keeping.step()
            background.now += 0.5
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "critique is not judged for now, and nothing is lost" in caplog.text
        (tmp_path / "state.db").unlink()
        background.now += 10
        keeping.step()
    assert "critique is judged again" in caplog.text
    assert calls(config, "support") == 1


def test_where_nothing_is_critiqued_nothing_is_imported_for_it() -> None:
    looked = (
        "import sys; import proxy.background; "
        "print(sorted(name for name in sys.modules if name.startswith(('policies.critique', 'proxy.critique.'))))"
    )
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['proxy.critique.keeping', 'proxy.critique.terms']"
