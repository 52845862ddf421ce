"""Traces reach the receiver from the journal, past its absence and our own restarts."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from proxy.telemetry.export import Exporter
from proxy.telemetry.receiver import Receiver
from records.line import LineWriter
from stores.journal import Journal
from stores.segments import segment_names
from stores.tail import Tail
from tests.proxy.telemetry.receiving import Receiving, Reply, receiving
from tests.support.runs import a_run

line_of = LineWriter({"service.name": "burnish"})


class Exporting:
    """A journal, and exporters that read it one after the other. `now` is their clock."""

    def __init__(self, directory: Path, url: str) -> None:
        self.now = 0.0
        self.directory = directory
        self.journal = Journal(directory / "journal", worker="0")
        self.tail = Tail(directory / "journal")
        self.url = url
        self.exporter = self.start()

    def start(self, lag_bytes: int = 2**40, start: dict[str, int] | None = None) -> Exporter:
        self.exporter = Exporter(
            self.tail,
            Receiver(self.url, {}),
            self.directory / "exported.json",
            start=start or {},
            body_limit=4096,
            random=Random(1),
            clock=lambda: self.now,
            lag_bytes=lag_bytes,
        )
        return self.exporter

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self.journal.write(line_of(a_run(number)))

    def step(self, seconds: float = 2.0) -> None:
        self.tail.refresh()
        self.exporter.step()
        self.now += seconds

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            self.step()
            assert time.monotonic() < deadline, self.exporter.status
            time.sleep(0.001)

    def close(self) -> None:
        self.exporter.close(0)
        self.journal.close()
        self.tail.close()


@pytest.fixture
def server() -> Iterator[Receiving]:
    with receiving() as server:
        yield server


@pytest.fixture
def exporting(tmp_path: Path, server: Receiving) -> Iterator[Exporting]:
    exporting = Exporting(tmp_path, server.url)
    yield exporting
    exporting.close()


def test_every_trace_arrives_once(exporting: Exporting, server: Receiving) -> None:
    exporting.write(*range(30))
    exporting.until(lambda: exporting.exporter.status.exported == 30)
    exporting.write(*range(30, 50))
    exporting.until(lambda: exporting.exporter.status.exported == 50)
    assert server.traces == {a_run(number).trace_id: 1 for number in range(50)}


def test_traces_wait_a_second_for_company(exporting: Exporting, server: Receiving) -> None:
    for number in range(5):
        exporting.write(number)
        exporting.step(seconds=0.2)
    exporting.step(seconds=0.2)
    server.wait_for_traces(5)
    assert len(server.posts) == 1


def test_a_restart_goes_on_where_the_receiver_had_agreed(exporting: Exporting, server: Receiving) -> None:
    exporting.write(1, 2)
    exporting.until(lambda: exporting.exporter.status.exported == 2)
    exporting.exporter.close(1)
    exporting.write(3)
    exporting.start()
    exporting.until(lambda: exporting.exporter.status.exported == 1)
    assert server.traces == {a_run(number).trace_id: 1 for number in (1, 2, 3)}


def test_exporting_begins_with_the_calls_to_come(exporting: Exporting, server: Receiving) -> None:
    exporting.write(1)
    (name,) = segment_names(exporting.directory / "journal")
    exporting.exporter.close(0)
    (exporting.directory / "exported.json").unlink()
    exporting.start(start={name: len(line_of(a_run(1)))})
    exporting.write(2)
    exporting.until(lambda: exporting.exporter.status.exported == 1)
    assert server.traces == {a_run(2).trace_id: 1}


def test_closing_sends_what_is_pending(exporting: Exporting, server: Receiving) -> None:
    exporting.write(1)
    exporting.step(seconds=0)
    exporting.exporter.close(10)
    assert exporting.exporter.status.exported == 1
    assert len(server.posts) == 1


def test_while_the_receiver_is_away_traces_wait_in_the_journal_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    exporting = Exporting(tmp_path, f"http://127.0.0.1:{port}")
    exporting.write(*range(10))
    exporting.until(lambda: exporting.exporter.status.failing is not None)
    exporting.write(*range(10, 20))
    for _ in range(20):
        exporting.step()
    assert exporting.exporter.status.exported == 0
    with receiving(port) as server:
        exporting.until(lambda: exporting.exporter.status.exported == 20)
        assert server.traces == {a_run(number).trace_id: 1 for number in range(20)}
        assert [message.partition(":")[0] for message in caplog.messages] == [
            "the OTLP receiver takes no traces, they wait in the journal",
            "the OTLP receiver takes traces again",
        ]
        exporting.close()


def test_a_busy_receiver_is_tried_again_after_the_time_it_names(exporting: Exporting, server: Receiving) -> None:
    server.replies = [Reply(503, {"retry-after": "0"})] * 3
    exporting.write(1)
    exporting.until(lambda: exporting.exporter.status.exported == 1)
    assert server.refused == 3


def test_what_the_receiver_refuses_for_good_is_counted_as_dropped(
    exporting: Exporting, server: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies = [Reply(400, body=b"bad data")]
    exporting.write(1, 2)
    exporting.until(lambda: exporting.exporter.status.dropped == 2)
    exporting.write(3)
    exporting.until(lambda: exporting.exporter.status.exported == 1)
    assert "did not take all of 2 traces: HTTP 400 bad data" in caplog.text


def test_far_behind_the_oldest_traces_are_dropped_and_counted(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    exporting = Exporting(tmp_path, f"http://127.0.0.1:{port}")
    exporting.exporter.close(0)
    limit = 50 * len(line_of(a_run(1)))
    exporting.start(lag_bytes=limit)
    for turn in range(20):
        exporting.write(*range(turn * 20, turn * 20 + 20))
        for _ in range(5):
            exporting.step()
    dropped = exporting.exporter.status.dropped
    assert dropped > 200
    with receiving(port) as server:
        exporting.until(lambda: exporting.exporter.status.exported + dropped == 400)
        assert a_run(399).trace_id in server.traces
        assert set(server.traces.values()) == {1}
        exporting.close()


def test_a_saved_place_that_cannot_be_read_is_told_and_replaced(
    exporting: Exporting, server: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    exporting.exporter.close(0)
    (exporting.directory / "exported.json").write_text("{")
    exporting.start()
    assert "exported.json: cannot be read" in caplog.text
    exporting.write(1)
    exporting.until(lambda: exporting.exporter.status.exported == 1)
