"""Scores reach the receiver from the ledger, in the traces of their runs."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from proxy.config.model import Config
from proxy.telemetry.content import score_filter
from proxy.telemetry.export_scores import AT_ONCE, PATIENCE, ScoreExporter
from proxy.telemetry.receiver import Receiver
from records.run import Run
from records.score import Score
from records.trace import chat_span_id
from stores.ledger import Ledger, open_ledger
from stores.runs import RunStore, open_store
from tests.proxy.telemetry.attributes import values_of
from tests.proxy.telemetry.receiving import Receiving, Reply, receiving
from tests.support.runs import a_run
from tests.support.scores import a_score


class Exporting:
    """A database, and exporters that read it one after the other. `now` is their clock."""

    def __init__(self, directory: Path, otlp: str, *, database: Path | None = None, **sections: Any) -> None:
        self.now = 0.0
        self.place = directory / "exported-scores.json"
        self.database = database or directory / "burnish.db"
        self.otlp = otlp
        self.config = Config.model_validate({"version": 1, **sections})
        self._ledger: Ledger | None = None
        self._runs: RunStore | None = None
        self.exporter = self.start()

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = open_ledger(self.url)
        return self._ledger

    @property
    def runs(self) -> RunStore:
        if self._runs is None:
            self._runs = open_store(self.url)
        return self._runs

    def start(self, start: int | None = None) -> ScoreExporter:
        self.exporter = ScoreExporter(
            self.url,
            Receiver(self.otlp, {}),
            self.place,
            start=start,
            resource={"service.name": "burnish"},
            shown=score_filter(self.config),
            body_limit=self.config.telemetry.body_limit,
            random=Random(1),
            clock=lambda: self.now,
        )
        return self.exporter

    def store(self, *numbers: int, **changes: Any) -> None:
        self.runs.put([a_run(number, **changes) for number in numbers], {})

    def give(self, *scores: Score) -> None:
        self.ledger.put_scores(scores)

    def step(self, seconds: float = 1.0) -> None:
        self.now += seconds
        while self.exporter.step():
            pass

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        self.step()
        while not condition():
            # Slowly, lest what waits for its run gives up before the receiver has answered.
            self.step(0.01)
            assert time.monotonic() < deadline, self.exporter.status
            time.sleep(0.001)

    def exported(self, number: int) -> None:
        self.until(lambda: self.exporter.status.exported == number)

    def close(self) -> None:
        self.exporter.close(0)
        for opened in (self._ledger, self._runs):
            if opened is not None:
                opened.close()


@pytest.fixture
def server() -> Iterator[Receiving]:
    with receiving() as server:
        yield server


@pytest.fixture
def exporting(tmp_path: Path, server: Receiving) -> Iterator[Callable[..., Exporting]]:
    made: list[Exporting] = []

    def make(**given: Any) -> Exporting:
        """One that has begun, with the first three runs stored."""
        made.append(Exporting(tmp_path, server.url, **given))
        made[-1].store(1, 2, 3)
        made[-1].step()
        return made[-1]

    yield make
    for each in made:
        each.close()


Make = Callable[..., Exporting]


def about(span: Span) -> tuple[str, str]:
    """Its trace and its parent."""
    return span.trace_id.hex(), span.parent_span_id.hex()


def chat_of(run: Run) -> tuple[str, str]:
    return run.trace_id, chat_span_id(run.id)


def test_each_score_is_a_span_beneath_the_chat_it_is_about(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(1, 0.0, rationale="Too long."), a_score(2, 4.0, evaluator="rating"))
    scores.exported(2)
    first, second = server.evaluations
    assert [about(span) for span in (first, second)] == [chat_of(a_run(1)), chat_of(a_run(2))]
    assert (
        values_of(first.attributes).items()
        >= {
            "gen_ai.evaluation.name": "thumbs",
            "gen_ai.evaluation.score.value": 0.0,
            "gen_ai.evaluation.score.label": "down",
            "gen_ai.evaluation.explanation": "Too long.",
        }.items()
    )
    assert values_of(second.attributes)["gen_ai.evaluation.score.value"] == 4.0
    assert values_of(server.resources[0].resource.attributes) == {"service.name": "burnish"}


def test_the_answers_own_id_is_told(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.store(4, response_id="chatcmpl-4")
    scores.give(a_score(4))
    scores.exported(1)
    assert values_of(server.evaluations[0].attributes)["gen_ai.response.id"] == "chatcmpl-4"


def test_many_scores_go_in_several_requests_and_each_once(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    number = 2 * AT_ONCE + 10
    scores.give(*(a_score(1, rater=f"rater {each}") for each in range(number)))
    scores.exported(number)
    assert len(server.posts) == 3
    assert len({span.span_id for span in server.evaluations}) == len(server.evaluations) == number


def test_it_begins_with_the_scores_to_come(tmp_path: Path, server: Receiving) -> None:
    scores = Exporting(tmp_path, server.url)
    scores.store(1, 2)
    scores.give(a_score(1))
    scores.step()
    scores.give(a_score(2))
    scores.exported(1)
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(2))]
    scores.close()


def test_of_a_new_record_all_is_to_come(tmp_path: Path, server: Receiving) -> None:
    scores = Exporting(tmp_path, server.url)
    scores.exporter.close(0)
    scores.store(1)
    scores.give(a_score(1))
    scores.start(0)
    scores.exported(1)
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(1))]
    scores.close()


def test_a_restart_goes_on_where_the_receiver_had_agreed(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(1), a_score(2))
    scores.exported(2)
    scores.exporter.close(1)
    scores.give(a_score(3))
    scores.start()
    scores.exported(1)
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(number)) for number in (1, 2, 3)]


def test_a_ledger_that_was_made_anew_is_read_from_its_end_on(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.exporter.close(0)
    scores.place.write_text("1000")
    scores.give(a_score(1))
    scores.start()
    scores.step()
    scores.give(a_score(2))
    scores.exported(1)
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(2))]


def test_second_thoughts_are_a_span_of_their_own(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(1, 1.0))
    scores.exported(1)
    scores.give(a_score(1, 0.0, created_ns=a_score(1).created_ns + 1))
    scores.exported(2)
    assert [values_of(span.attributes)["gen_ai.evaluation.score.label"] for span in server.evaluations] == [
        "up",
        "down",
    ]
    assert len({span.span_id for span in server.evaluations}) == 2


def test_a_pair_is_told_in_both_traces_and_its_value_in_that_of_the_preferred(
    exporting: Make, server: Receiving
) -> None:
    scores = exporting()
    scores.give(a_score(1, evaluator="preference", kind="pair", against=a_run(2).id))
    scores.exported(1)
    better, worse = server.evaluations
    assert (about(better), about(worse)) == (chat_of(a_run(1)), chat_of(a_run(2)))
    told = [values_of(span.attributes) for span in (better, worse)]
    assert [each["gen_ai.evaluation.score.label"] for each in told] == ["preferred", "not preferred"]
    assert [each.get("gen_ai.evaluation.score.value") for each in told] == [1.0, None]


def test_a_score_waits_for_its_run_and_nothing_else_waits_with_it(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(9), a_score(1))
    scores.exported(1)
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(1))]
    scores.store(9)
    scores.exported(2)
    assert about(server.evaluations[1]) == chat_of(a_run(9))
    assert scores.exporter.status.dropped == 0


def test_a_score_that_waited_is_not_forgotten_by_a_restart(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(9), a_score(1))
    scores.exported(1)
    scores.exporter.close(1)
    scores.store(9)
    scores.start()
    scores.exported(2)
    assert {about(span) for span in server.evaluations} == {chat_of(a_run(1)), chat_of(a_run(9))}
    again = [span.span_id for span in server.evaluations if about(span) == chat_of(a_run(1))]
    assert len(again) == 2
    assert len(set(again)) == 1


def test_a_score_whose_run_never_comes_is_counted_as_dropped_and_holds_up_no_other(
    exporting: Make, server: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    scores = exporting()
    scores.give(*(a_score(number) for number in range(100, 100 + AT_ONCE)), a_score(1))
    scores.step()
    scores.step(PATIENCE - 2)
    assert scores.exporter.status.dropped == 0
    scores.step(2)
    assert scores.exporter.status.dropped == AT_ONCE
    scores.exported(1)
    assert f"{AT_ONCE} scores are not sent: their runs are not in the store" in caplog.text


def test_scores_of_cases_belong_to_no_trace(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(1, kind="case"), a_score(2))
    scores.exported(1)
    scores.step(PATIENCE + 1)
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(2))]
    assert scores.exporter.status.dropped == 0


def test_while_the_receiver_is_away_scores_wait_in_the_ledger_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    scores = Exporting(tmp_path, f"http://127.0.0.1:{port}")
    scores.store(1)
    scores.step()
    for number in range(20):
        scores.give(a_score(1, rater=f"rater {number}"))
        scores.step()
    scores.until(lambda: scores.exporter.status.failing is not None)
    with receiving(port) as server:
        scores.exported(20)
        assert len(server.evaluations) == 20
        assert scores.exporter.status.failing is None
        assert [message.partition(":")[0] for message in caplog.messages] == [
            "the OTLP receiver takes no scores, they wait in the ledger",
            "the OTLP receiver takes scores again",
        ]
        scores.close()


def test_what_the_receiver_refuses_for_good_is_counted_as_dropped(
    exporting: Make, server: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    scores = exporting()
    server.replies = [Reply(400, body=b"bad data")]
    scores.give(a_score(1), a_score(2))
    scores.until(lambda: scores.exporter.status.dropped == 2)
    scores.give(a_score(3))
    scores.exported(1)
    assert "did not take all of 2 scores: HTTP 400 bad data" in caplog.text


def test_a_score_that_protobuf_cannot_hold_is_left_out_and_counted(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(1, created_ns=-1), a_score(2))
    scores.exported(1)
    assert scores.exporter.status.dropped == 1
    assert [about(span) for span in server.evaluations] == [chat_of(a_run(2))]


def test_a_ledger_that_is_away_is_told_once_and_asked_again(
    tmp_path: Path, server: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").touch()
    scores = Exporting(tmp_path, server.url, database=tmp_path / "data" / "burnish.db")
    scores.step()
    scores.step()
    assert "cannot be created" in (scores.exporter.status.failing or "")
    (tmp_path / "data").unlink()
    scores.store(1)
    scores.until(scores.place.exists)
    scores.give(a_score(1))
    scores.exported(1)
    assert scores.exporter.status.failing is None
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "scores wait in the ledger",
        "the ledger tells scores again",
    ]
    scores.close()


def test_closing_sends_what_was_just_given(exporting: Make, server: Receiving) -> None:
    scores = exporting()
    scores.give(a_score(1))
    scores.exporter.close(10)
    assert scores.exporter.status.exported == len(server.evaluations) == 1


SECRET = "sk-" + "proj-aB3dE5gH7jK9mN1pQ3sT5vW7"
WORDS = "Not so. " * 100 + SECRET


@pytest.mark.parametrize(
    ("content", "explained"),
    [("full", WORDS.replace(SECRET, "[redacted]")), ("preview", WORDS[:500] + "…"), ("none", None)],
)
def test_words_are_told_as_far_as_the_configuration_lets_bodies_be(
    exporting: Make, server: Receiving, content: str, explained: str | None
) -> None:
    scores = exporting(
        telemetry={"content": "none", "body_limit": "1MiB"},
        providers={"local": {"base_url": "http://127.0.0.1:9/v1"}},
        models={"small": {"provider": "local", "model": "small-instruct"}},
        agents={"support": {"models": {"default": "small"}, "content": content}},
    )
    scores.give(
        a_score(1, rationale=WORDS, details={"answer": WORDS}),
        a_score(2, None, failure=WORDS),
        a_score(3, agent="another", rationale=WORDS),
    )
    scores.exported(3)
    said, failed, anothers = server.evaluations
    told = values_of(said.attributes)
    assert told.get("gen_ai.evaluation.explanation") == explained
    assert ("burnish.score.details" in told) == (explained is not None)
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert failed.status.message == (explained or "")
    assert "gen_ai.evaluation.explanation" not in values_of(anothers.attributes)
    assert SECRET not in str(server.posts)


def test_long_words_are_cut_to_the_body_limit(exporting: Make, server: Receiving) -> None:
    scores = exporting(telemetry={"body_limit": 100})
    scores.give(a_score(1, rationale="x" * 1000, details={"answer": "y" * 1000}))
    scores.exported(1)
    told = values_of(server.evaluations[0].attributes)
    assert told["gen_ai.evaluation.explanation"] == "x" * 100 + "… [900 more bytes]"
    assert told["burnish.score.details"].endswith("more bytes]")
