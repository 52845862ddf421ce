"""Keeping the incidents of all agents, from their configuration: whose are kept, what trouble does, what it costs."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.model import Config
from proxy.guardrails.keeping import GuardKeeping, guarded_agents
from proxy.guardrails.status import IncidentStatus, read_incidents
from stores.incidents import open_incidents
from stores.runs import RunStore, open_store
from tests.proxy.guardrails.found import a_run_with, verdicts

GUARDED: dict[str, Any] = {"models": {"default": "m"}, "middleware": ["guardrails"]}


class Background:
    """The part of the background process that keeps incidents; `now` is in seconds."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self._folder = folder
        self._made: list[GuardKeeping] = []
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

    def keeping(self, config: Config) -> GuardKeeping:
        if self._runs is None:
            self._runs = open_store(config.records.database)
        self._made.append(GuardKeeping(config, self._runs, clock=lambda: self.now))
        return self._made[-1]

    def found(self, agent: str) -> None:
        assert self._runs is not None
        self._number += 1
        self._runs.put([a_run_with(self._number, verdicts(), agent=agent)], {"segment": self._number})

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


def counts(config: Config) -> dict[str, int]:
    store = open_incidents(config.records.database)
    try:
        return {agent: sum(store.counts(agent).values()) for agent in config.agents}
    finally:
        store.close()


@pytest.mark.parametrize(
    ("agent", "guarded"),
    [
        (GUARDED, True),
        ({**GUARDED, "middleware": ["somebodys.guard:Guard"]}, True),
        ({**GUARDED, "mode": "observe"}, True),
        ({**GUARDED, "mode": "bypass"}, False),
        ({**GUARDED, "middleware": ["tool_outcomes"]}, False),
        ({**GUARDED, "middleware": [{"guardrails": {"enabled": False}}]}, False),
    ],
)
def test_agents_are_guarded_by_the_step_or_by_a_plugins(
    background: Background, agent: dict[str, Any], guarded: bool
) -> None:
    assert bool(list(guarded_agents(background.configured({"support": agent})))) is guarded


def test_each_agents_incidents_are_kept_and_counted_for_the_metrics(background: Background, tmp_path: Path) -> None:
    config = background.configured({"support": GUARDED, "sales": GUARDED, "other": {"models": {"default": "m"}}})
    keeping = background.keeping(config)
    for agent in ("support", "support", "sales", "other"):
        background.found(agent)
    assert not keeping.step()
    assert counts(config) == {"support": 1, "sales": 1, "other": 0}
    assert read_incidents(tmp_path) == IncidentStatus({"support": {"open": 1}, "sales": {"open": 1}})


def test_where_runs_are_not_recorded_there_are_no_incidents(background: Background) -> None:
    config = background.configured({"support": {**GUARDED, "record": "none"}})
    keeping = background.keeping(config)
    background.found("support")
    keeping.step()
    assert counts(config) == {"support": 0}


def test_another_configuration_takes_effect(background: Background) -> None:
    keeping = background.keeping(background.configured({"support": {"models": {"default": "m"}}}))
    background.found("support")
    keeping.step()
    config = background.configured({"support": GUARDED})
    keeping.use(config)
    background.now = 1.0
    keeping.step()
    assert counts(config) == {"support": 1}


def test_trouble_is_said_once_and_tried_again_and_stops_nothing_else(
    background: Background, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.db").write_bytes(b"no database, however long one looks at it" * 50)
    config = background.configured({"support": GUARDED})
    keeping = background.keeping(config)
    background.found("support")
    with caplog.at_level(logging.WARNING, "burnish.guardrails"):
        while background.now < 30:
            keeping.step()
            background.now += 0.25
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "learned rules are not published for now, and nothing is lost" in caplog.text
        assert counts(config) == {"support": 1}
        (tmp_path / "state.db").unlink()
        background.now += 10
        keeping.step()
    assert "learned rules are not published: no longer" in caplog.text


def test_where_nothing_is_guarded_nothing_is_imported_for_it() -> None:
    looked = (
        "import sys; import proxy.background; "
        "print([name for name in sys.modules if name.startswith(('policies.guardrails', 'proxy.guardrails.k',"
        " 'proxy.guardrails.p', 'stores.incidents', 'stores.learned', 'stores.guard'))])"
    )
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['proxy.guardrails.keeping']"
