"""The configurations differ where they should, and records are counted where they arrive."""

import asyncio
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from benchmarks.sink import Sink
from benchmarks.subjects import CONFIG, Place, exported, runs_stored
from benchmarks.traffic import KEY
from tests.benchmarks.serving import serving


@pytest.mark.parametrize(
    "file", sorted(set(CONFIG.glob("*.yaml")) - {CONFIG / "litellm.yaml"}), ids=lambda file: file.stem
)
def test_the_configuration_knows_the_key_of_the_load(file: Path) -> None:
    agents = yaml.safe_load(file.read_text())["agents"]
    assert agents["support"]["keys"] == ["sha256:" + hashlib.sha256(KEY.encode()).hexdigest()]


def test_the_step_that_does_nothing_is_all_that_noop_adds() -> None:
    default, noop = (yaml.safe_load((CONFIG / f"{name}.yaml").read_text()) for name in ("default", "noop"))
    default["agents"]["support"]["middleware"].append("benchmarks.noop:Nothing")
    assert noop == default


def test_unrecorded_is_the_default_without_its_records() -> None:
    default, unrecorded = (yaml.safe_load((CONFIG / f"{name}.yaml").read_text()) for name in ("default", "unrecorded"))
    del default["telemetry"]
    default["agents"]["support"]["record"] = "none"
    assert unrecorded == default


def place(folder: Path, sink: str = "") -> Place:
    return Place(port=1, folder=folder, upstream="", sink=sink)


def test_no_run_is_stored_before_the_store_exists(tmp_path: Path) -> None:
    assert runs_stored(place(tmp_path)) == 0


def test_stored_runs_are_counted_while_the_store_is_being_written(tmp_path: Path) -> None:
    here = place(tmp_path)
    here.database.parent.mkdir()
    with closing(sqlite3.connect(here.database)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        assert runs_stored(here) == 0
        store.execute("CREATE TABLE runs (id TEXT)")
        store.executemany("INSERT INTO runs VALUES (?)", [("a",), ("b",)])
        store.commit()
        store.execute("INSERT INTO runs VALUES ('uncommitted')")
        assert runs_stored(here) == 2


async def test_each_sender_sees_what_it_exported_itself(tmp_path: Path) -> None:
    sink = Sink()
    async with serving(sink) as target:
        here = place(tmp_path, f"http://127.0.0.1:{target.port}")
        spans = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "aa"}, {"traceId": "aa"}]}]}]}
        for name in ("1", "2"):
            sink.received[name].unread.append(("application/json", json.dumps(spans).encode()))
        assert await asyncio.to_thread(exported, here) == {"spans": 2, "traces": 1}
