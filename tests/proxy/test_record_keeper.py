"""Keeping the record: runs into the store, traces to a receiver, old ones out, all seen from outside."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from proxy.config.model import Config, Telemetry
from proxy.record_keeper import RecordKeeper
from proxy.record_status import ExporterStatus, read_status
from records.line import LineWriter
from stores.journal import Journal
from stores.ledger import open_ledger
from stores.responses import KeptResponse, ResponseStore, responses_in
from stores.runs import RunFilter, open_store
from stores.segments import journal_in, segment_names
from tests.proxy.telemetry.receiving import Receiving, receiving
from tests.support.runs import NOON, a_run
from tests.support.scores import a_score

line_of = LineWriter({"service.name": "burnish"})
EVERY = RunFilter(until_ns=2**62)


class Keeping:
    """A records folder with a journal, a store and who keeps them. `now` is in seconds since noon."""

    def __init__(self, directory: Path, **sections: Any) -> None:
        self.directory = directory
        self.now = 0.0
        self.config = Config.model_validate(
            {"version": 1, "records": {"dir": directory, **sections.pop("records", {})}, **sections}
        )
        self.journal = Journal(journal_in(directory), worker="0", clock=self.wall)
        self.store = open_store(self.config.records.database, patience=0.05)
        self.keeper = RecordKeeper(self.config, self.store, clock=lambda: self.now, wall=self.wall, random=Random(1))

    def wall(self) -> int:
        return NOON + int(self.now * 1e9)

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self.journal.write(line_of(a_run(number)))

    def step(self, seconds: float = 1.0) -> None:
        self.now += seconds
        while self.keeper.step():
            pass

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            self.step()
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def close(self) -> None:
        self.keeper.finish(0)
        self.journal.close()
        self.store.close()


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Callable[..., Keeping]]:
    made: list[Keeping] = []

    def make(**sections: Any) -> Keeping:
        made.append(Keeping(tmp_path, **sections))
        return made[-1]

    yield make
    for keeping in made:
        keeping.close()


@pytest.fixture
def server() -> Iterator[Receiving]:
    with receiving() as server:
        yield server


def test_a_run_is_in_the_store_and_at_the_receiver(keeping: Callable[..., Keeping], server: Receiving) -> None:
    record = keeping(telemetry={"otlp": server.url})
    record.write(1, 2, 3)
    record.until(lambda: sum(server.traces.values()) == 3)
    assert record.store.count(EVERY) == 3
    assert record.store.get(a_run(2).id) == a_run(2)


def test_what_is_said_of_a_run_follows_it_to_the_receiver(keeping: Callable[..., Keeping], server: Receiving) -> None:
    record = keeping(telemetry={"otlp": server.url})
    record.write(1)
    record.until(lambda: bool(server.traces))
    with closing(open_ledger(record.config.records.database)) as ledger:
        ledger.put_score(a_score(1))
        record.until(lambda: bool(server.evaluations))
        # What comes last is sent before the end.
        ledger.put_score(a_score(1, rater="bob"))
    record.keeper.finish(10)
    assert [span.trace_id.hex() for span in server.evaluations] == [a_run(1).trace_id] * 2
    status = read_status(record.directory)
    assert status is not None
    assert status.scores == ExporterStatus(exported=2)


def test_without_an_endpoint_nothing_is_exported(keeping: Callable[..., Keeping]) -> None:
    record = keeping()
    record.write(1)
    record.step()
    assert record.store.count(EVERY) == 1
    assert not list(record.directory.glob("exported*"))


def test_the_endpoint_may_change_meanwhile(keeping: Callable[..., Keeping], server: Receiving) -> None:
    record = keeping()
    record.write(1)
    record.step()
    record.keeper.use(record.config.model_copy(update={"telemetry": Telemetry(otlp=server.url)}))
    record.write(2)
    record.until(lambda: bool(server.traces))
    record.keeper.use(record.config)
    record.write(3)
    record.step()
    assert server.traces == {a_run(2).trace_id: 1}
    assert record.store.count(EVERY) == 3


def test_runs_and_segments_older_than_the_retention_go_away(keeping: Callable[..., Keeping]) -> None:
    record = keeping(records={"retention": "2d"})
    record.write(1)
    record.step()
    record.now += 86_400
    record.write(2)
    for name in segment_names(journal_in(record.directory)):
        segment = journal_in(record.directory) / name
        if a_run(2).id.encode() not in segment.read_bytes():
            os.utime(segment, ns=(NOON, NOON))
    record.step()
    assert record.store.count(EVERY) == 2
    record.now += 1.5 * 86_400
    record.step(61)
    assert record.store.count(EVERY) == 0
    assert len(segment_names(journal_in(record.directory))) == 1
    assert list(record.store.cursors()) == segment_names(journal_in(record.directory))


@pytest.mark.parametrize(("retention", "days"), [(None, 30), ("2d", 2), ("90d", 30)])
def test_responses_to_go_on_from_are_kept_for_30_days_and_no_longer_than_the_record(
    keeping: Callable[..., Keeping], retention: str | None, days: int
) -> None:
    record = keeping(records={"retention": retention} if retention else {})
    answers = ResponseStore(responses_in(record.directory))
    answers.put(KeptResponse("resp_1", "a", None, "s", "r", "t", "base", "small", record.wall()))
    record.step(days * 86_400 - 60)
    assert answers.get("a", "resp_1") is not None
    record.step(120)
    assert answers.get("a", "resp_1") is None
    answers.close()


def test_without_a_retention_everything_stays(keeping: Callable[..., Keeping]) -> None:
    record = keeping()
    record.write(1)
    record.step()
    record.now += 1e9
    record.step(61)
    assert record.store.count(EVERY) == 1
    assert len(segment_names(journal_in(record.directory))) == 1


def test_how_the_record_is_kept_can_be_read_by_others(keeping: Callable[..., Keeping], server: Receiving) -> None:
    record = keeping(telemetry={"otlp": server.url})
    assert read_status(record.directory / "elsewhere") is None
    record.write(1)
    record.journal.write(b"damage\n")
    record.until(lambda: bool(server.traces))
    record.keeper.finish(10)
    status = read_status(record.directory)
    assert status is not None
    assert status.exporter is not None
    assert (status.pid, status.indexer.indexed, status.indexer.damaged, status.exporter.exported) == (
        os.getpid(),
        1,
        1,
        1,
    )


def test_what_waited_for_a_locked_store_is_stored_before_the_end(keeping: Callable[..., Keeping]) -> None:
    record = keeping()
    other = sqlite3.connect(record.directory / "burnish.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    record.write(1, 2)
    record.step()
    other.execute("ROLLBACK")
    other.close()
    assert record.store.count(EVERY) == 0
    record.keeper.finish(10)
    assert record.store.count(EVERY) == 2


def test_a_draft_of_a_segment_left_by_the_dead_is_removed(keeping: Callable[..., Keeping]) -> None:
    record = keeping()
    draft = journal_in(record.directory) / ".20231114T120000.000000000Z-0-1-000001.otlp.jsonl"
    draft.touch()
    os.utime(draft, ns=(NOON, NOON))
    record.step(61)
    assert not draft.exists()


def test_an_idle_record_costs_next_to_nothing(keeping: Callable[..., Keeping], server: Receiving) -> None:
    """Under half a percent of a processor, at five looks a second."""
    record = keeping(telemetry={"otlp": server.url})
    record.write(1)
    record.until(lambda: bool(server.traces))
    before = time.process_time()
    for _ in range(500):
        record.step(0.2)
    assert (time.process_time() - before) / 500 < 0.005 * 0.2
