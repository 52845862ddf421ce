"""Memories of all agents, from their configuration: who remembers, what is said of it, and what happens in trouble."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.memory.status import MemoryFigures, MemoryStatus
from stores.runs import RunFilter
from tests.proxy.memory.process import REMEMBERS, Background
from tests.proxy.memory.remembering import AGENT, SETTINGS


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
    was_shared = process.remembering.shares_answers
    process.shelves.answers.failing = False
    process.run(5)
    assert process.found == []
    assert (was_shared, process.remembering.shares_answers) == (True, False)
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
