"""Memories of all agents, from their configuration: who remembers, what is said of it, and what happens in trouble."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.model import Config
from proxy.memory.remembering import Remembering
from proxy.memory.status import MemoryFigures, MemoryStatus, read_memory
from stores.ledger import open_ledger
from stores.runs import RunFilter, open_store
from tests.proxy.memory.remembering import AGENT, SECOND, SETTINGS, a_call, liked
from tests.support.answers import MemoryAnswers, WordEmbedder
from tests.support.runs import NOON

REMEMBERS = {
    "models": {"default": "m"},
    "middleware": [{"retrieval": {"admit": {"threshold": 0.5, "per_writer": 50}}}],
}


class Shelves:
    """A library whose index outlives it, as a folder does."""

    def __init__(self) -> None:
        self.answers = MemoryAnswers()
        self.words = WordEmbedder()
        self.opened = 0

    def __call__(self, config: Config) -> "Shelves":
        self.opened += 1
        return self

    def index(self) -> MemoryAnswers:
        return self.answers

    def embedder(self) -> WordEmbedder:
        return self.words

    def close(self) -> None:
        pass


class Background:
    """The part of the background process that remembers; `now` is in seconds after noon."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.now = 0.0
        self._folder = folder
        self.config = self.configured(**sections)
        self.runs = open_store(self.config.records.database)
        self.ledger = open_ledger(self.config.records.database)
        self.shelves = Shelves()
        self.remembering = Remembering(
            self.config, self.runs, self.shelves, clock=lambda: self.now, wall=lambda: NOON + round(self.now * SECOND)
        )

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

    def run(self, until: float) -> None:
        while self.now < until:
            self.now += 0.5
            while self.remembering.step():
                pass

    def play(self, number: int = 1, **changes: Any) -> str:
        """A call that people like; its id."""
        call = a_call(number, **changes)
        self.runs.put([call], {})
        self.ledger.put_scores(liked(call, "ada", "bob"))
        return call.id

    @property
    def found(self) -> list[str]:
        return self.shelves.answers.texts

    @property
    def status(self) -> MemoryStatus | None:
        return read_memory(self.config.records.dir)

    def close(self) -> None:
        self.remembering.close()
        self.runs.close()
        self.ledger.close()


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Callable[..., Background]]:
    made: list[Background] = []

    def make(**sections: Any) -> Background:
        made.append(Background(tmp_path, **sections))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_agent_with_the_step_has_a_memory(background: Callable[..., Background]) -> None:
    process = background(agents={AGENT: REMEMBERS})
    process.play()
    process.run(4)
    assert process.found == [SETTINGS]
    assert process.status == MemoryStatus({AGENT: MemoryFigures({"admitted": 1})})


@pytest.mark.parametrize(
    "changes",
    [{"middleware": []}, {"middleware": [{"retrieval": {"enabled": False}}]}, {"mode": "observe"}, {"record": "none"}],
    ids=str,
)
def test_one_without_has_none(background: Callable[..., Background], changes: dict[str, Any]) -> None:
    process = background(agents={AGENT: {**REMEMBERS, **changes}})
    process.play()
    process.run(4)
    assert (process.found, process.status, process.shelves.opened) == ([], None, 0)


def test_one_of_whose_variants_alone_is_shown_answers_has_a_memory(background: Callable[..., Background]) -> None:
    off = {"retrieval": {**REMEMBERS["middleware"][0]["retrieval"], "enabled": False}}  # type: ignore[index]
    variants = {"base": {}, "recalling": {"steps": {"retrieval": {"enabled": True}}}}
    process = background(agents={AGENT: {**REMEMBERS, "middleware": [off], "variants": variants}})
    process.play()
    process.run(4)
    assert process.found == [SETTINGS]


def test_each_agent_has_its_own(background: Callable[..., Background]) -> None:
    process = background(agents={AGENT: REMEMBERS, "sales": {**REMEMBERS, "tenant": "other"}})
    process.play()
    process.play(2, agent="sales", tenant="other", answer="Call us.")
    process.run(4)
    held = {(each.tenant, each.agent): len(kept) for each, kept in process.shelves.answers.collections.items()}
    assert held == {("default", AGENT): 1, ("other", "sales"): 1}


def test_an_agent_that_has_no_memory_any_more_is_forgotten_by_the_index(background: Callable[..., Background]) -> None:
    process = background(agents={AGENT: REMEMBERS})
    process.play()
    process.run(2)
    process.remembering.use(process.configured(agents={AGENT: {**REMEMBERS, "middleware": []}}))
    process.shelves.answers.failing = True
    process.run(3)
    was_clearing = process.remembering.clearing
    process.shelves.answers.failing = False
    process.run(5)
    assert process.found == []
    assert (was_clearing, process.remembering.clearing) == (True, False)
    process.remembering.use(process.config)
    process.run(8)
    assert process.found == [SETTINGS]


def test_what_was_deleted_meanwhile_does_not_come_back(background: Callable[..., Background]) -> None:
    process = background(agents={AGENT: REMEMBERS})
    run = process.play()
    process.run(2)
    process.remembering.use(process.configured(agents={AGENT: {**REMEMBERS, "middleware": []}}))
    process.run(4)
    process.runs.delete(RunFilter(ids=[run]))
    process.remembering.use(process.config)
    process.run(6)
    assert process.found == []


def test_where_the_index_is_away_it_is_said_once_and_made_up_for(
    background: Callable[..., Background], caplog: pytest.LogCaptureFixture
) -> None:
    process = background(agents={AGENT: REMEMBERS})
    process.shelves.answers.failing = True
    process.play()
    process.run(30)
    assert caplog.messages == [
        "nothing is remembered for now, and nothing is lost: agent 'support': the index is away; start it"
    ]
    assert process.status is not None
    assert process.status.failing is not None
    process.shelves.answers.failing = False
    process.run(45)
    assert caplog.messages[1:] == ["memories are kept again"]
    assert process.found == [SETTINGS]
    assert process.status.failing is None


def test_what_takes_a_few_seconds_to_start_is_waited_for_without_a_word(
    background: Callable[..., Background], caplog: pytest.LogCaptureFixture
) -> None:
    process = background(agents={AGENT: REMEMBERS})
    process.shelves.answers.failing = True
    process.play()
    process.run(8)
    process.shelves.answers.failing = False
    process.run(20)
    assert process.found == [SETTINGS]
    assert caplog.messages == []


def test_where_the_embedder_is_away_in_the_midst_of_it_nothing_is_lost(
    background: Callable[..., Background], caplog: pytest.LogCaptureFixture
) -> None:
    process = background(agents={AGENT: REMEMBERS})
    process.run(2)
    process.shelves.words.failing = True
    process.play()
    process.run(20)
    assert caplog.messages == [
        "nothing is remembered for now, and nothing is lost: agent 'support': the embedder is away; start it"
    ]
    process.shelves.words.failing = False
    process.run(40)
    assert process.found == [SETTINGS]


STEPPING = """
import sys
import time
from proxy.config.load import load
from proxy.memory.remembering import Remembering
from stores.runs import open_store

config = load(sys.argv[1])
remembering = Remembering(config, open_store(config.records.database), None, clock=time.monotonic, wall=time.time_ns)
remembering.step()
print(sorted({"numpy", "middleware", "chromadb", "onnxruntime", "sqlalchemy"} & sys.modules.keys()))
"""


def test_what_memories_need_is_loaded_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "burnish.yaml"
    file.write_text(
        f"""
version: 1
records: {{dir: {tmp_path}/data}}
providers: {{p: {{base_url: "http://127.0.0.1:1/v1"}}}}
models: {{m: {{provider: p, model: m}}}}
agents:
  support: {{models: {{default: m}}}}
"""
    )
    done = subprocess.run([sys.executable, "-c", STEPPING, file], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
