"""Watching the tools of all agents, from their configuration: who is watched, what trouble does, and what it costs."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.model import Config
from proxy.tools.keeping import ToolKeeping, watching_agents
from proxy.tools.known import known_from
from records.run import ToolEvent
from stores.runs import RunStore, open_store
from stores.states.opening import states_in
from stores.tool_states import TOOLS
from tests.support.redis import running_redis
from tests.support.runs import NOON, a_run

WATCHES: dict[str, Any] = {"models": {"default": "m"}, "middleware": ["tool_outcomes"]}


class Background:
    """The part of the background process that watches tools; `now` is in seconds."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self._folder = folder
        self._made: list[ToolKeeping] = []
        self._runs: RunStore | None = None
        self._number = 0

    def configured(self, agents: dict[str, Any], **records: Any) -> Config:
        return Config.model_validate(
            {
                "version": 1,
                "providers": {"p": {"base_url": "http://127.0.0.1:1/v1"}},
                "models": {"m": {"provider": "p", "model": "m"}},
                "records": {"dir": self._folder, **records},
                "agents": agents,
            }
        )

    def watching(self, config: Config) -> ToolKeeping:
        if self._runs is None:
            self._runs = open_store(config.records.database)
        self._made.append(ToolKeeping(config, self._runs, clock=lambda: self.now))
        return self._made[-1]

    def called(self, agent: str, result: str = "fine") -> None:
        assert self._runs is not None
        self._number += 1
        event = ToolEvent(call_id=str(self._number), name="search", arguments="{}", result=result)
        id = f"{self._number:032x}"
        run = a_run(id=id, trace_id=id, agent=agent, session=id, tools=(event,), started_ns=NOON + self._number)
        self._runs.put([run], {"segment": self._number})

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
    states = states_in(config.records.dir, config.records.redis, TOOLS)
    try:
        folded = states.load(agent)
    finally:
        states.close()
    known = known_from(folded.state) if folded else None
    return known.tools.tools["search"].figures.calls if known else 0


@pytest.mark.parametrize(
    ("agent", "watched"),
    [
        (WATCHES, True),
        ({**WATCHES, "mode": "observe"}, True),
        ({**WATCHES, "mode": "bypass"}, False),
        ({**WATCHES, "record": "none"}, False),
        ({**WATCHES, "middleware": []}, False),
        ({**WATCHES, "middleware": [{"tool_outcomes": {"enabled": False}}]}, False),
    ],
)
def test_agents_are_watched_whose_step_is_on_and_whose_runs_are_kept(
    background: Background, agent: dict[str, Any], watched: bool
) -> None:
    config = background.configured({"support": agent})
    assert bool(list(watching_agents(config))) is watched


def test_each_agent_has_tools_of_its_own_and_is_looked_at_once_a_second(background: Background) -> None:
    config = background.configured({"support": WATCHES, "sales": WATCHES, "other": {"models": {"default": "m"}}})
    watching = background.watching(config)
    for agent in ("support", "support", "sales", "other"):
        background.called(agent)
    assert not watching.step()
    assert [calls(config, agent) for agent in ("support", "sales", "other")] == [2, 1, 0]
    background.called("support")
    watching.step()
    assert calls(config, "support") == 2
    background.now = 1.0
    watching.step()
    assert calls(config, "support") == 3


def test_another_configuration_takes_effect(background: Background) -> None:
    watching = background.watching(background.configured({"support": {"models": {"default": "m"}}}))
    background.called("support")
    watching.step()
    config = background.configured({"support": WATCHES})
    watching.use(config)
    background.now = 1.0
    watching.step()
    assert calls(config, "support") == 1


def test_breakers_are_set_as_the_owner_says(background: Background) -> None:
    step = {"tool_outcomes": {"breaker": {"in_a_row": 2, "between_false": 2}}}
    config = background.configured({"support": {**WATCHES, "middleware": [step]}})
    watching = background.watching(config)
    for _ in range(2):
        background.called("support", "Error: boom")
    watching.step()
    states = states_in(config.records.dir, None, TOOLS)
    folded = states.load("support")
    states.close()
    known = known_from(folded.state) if folded else None
    assert known is not None
    assert known.tools.tools["search"].breaker.opened_ns > 0


def test_trouble_is_said_once_and_tried_again_ever_more_seldom(
    background: Background, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.db").write_bytes(b"no database, however long one looks at it" * 50)
    config = background.configured({"support": WATCHES})
    watching = background.watching(config)
    background.called("support")
    with caplog.at_level(logging.WARNING, "burnish.tools"):
        while background.now < 30:
            watching.step()
            background.now += 0.5
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "tools are not judged for now, and nothing is lost" in caplog.text
        (tmp_path / "state.db").unlink()
        background.now += 10
        watching.step()
    assert "tools are judged again" in caplog.text
    assert calls(config, "support") == 1


def test_a_fleet_shares_the_states_in_redis(background: Background, tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        config = background.configured({"support": WATCHES}, redis=server.url)
        watching = background.watching(config)
        background.called("support")
        watching.step()
        assert calls(config, "support") == 1
        watching.close()


def test_where_no_tool_is_watched_nothing_is_imported_for_it() -> None:
    looked = (
        "import sys; import proxy.background; "
        "print([name for name in sys.modules if name.startswith(('policies.tools', 'proxy.tools.k', 'stores.tool'))])"
    )
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['proxy.tools.keeping']"
