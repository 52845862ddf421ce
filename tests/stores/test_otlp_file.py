"""Files of OTLP JSON read back into runs."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.evaluation import evaluation_span
from records.otlp import encode, line_of, runs_in
from records.run import Run, Step, ToolEvent
from records.score import Score
from stores.otlp_file import BadLine, OtlpFile
from tests.support.runs import NOON, a_run
from tests.support.scores import a_score


class Outcome:
    """What reading a file gave."""

    def __init__(self, path: Path) -> None:
        self.progress: list[tuple[int, int]] = []
        file = OtlpFile(path, lambda done, total: self.progress.append((done, total)))
        found = list(file.read())
        self.found = found
        self.runs = [item for item in found if isinstance(item, Run)]
        self.bad = [item for item in found if isinstance(item, BadLine)]
        self.foreign = file.foreign


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "traces.json"


def eventful(number: int, **changes: Any) -> Run:
    tool = ToolEvent(call_id="1", name="look", arguments="{}", result="seen")
    steps = tuple(Step(name, NOON, NOON + 1) for name in ("one", "two"))
    return a_run(number, steps=steps, tools=(tool,), **changes)


def foreign(trace_id: str = "f" * 32) -> bytes:
    span = {"traceId": trace_id, "spanId": "1" * 16, "name": "GET /", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def spans(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(line_of(run, {}))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return found


def line(of: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": of}]}]}).encode() + b"\n"


def test_lines_give_back_their_runs(file: Path) -> None:
    runs = [eventful(1), eventful(2)]
    file.write_bytes(b"".join(line_of(run, {"service.name": "burnish"}) for run in runs))
    outcome = Outcome(file)
    assert outcome.runs == runs
    assert not outcome.bad
    assert outcome.foreign == 0


def test_a_gzip_file_is_known_by_its_content(file: Path) -> None:
    file.write_bytes(gzip.compress(line_of(eventful(1), {})))
    assert Outcome(file).runs == [eventful(1)]


def test_a_span_that_was_written_twice_counts_once(file: Path) -> None:
    file.write_bytes(line(spans(eventful(1))) + line(spans(eventful(1))[:4]))
    assert Outcome(file).runs == [eventful(1)]


def test_one_document_may_run_over_many_lines(file: Path) -> None:
    document = json.loads(line(spans(eventful(1)) + spans(eventful(2))))
    file.write_text(json.dumps(document, indent=2))
    assert Outcome(file).runs == [eventful(1), eventful(2)]


def test_jaegers_api_wraps_its_documents(file: Path) -> None:
    file.write_bytes(b'{"result": ' + line(spans(eventful(1))).strip() + b"}")
    assert Outcome(file).runs == [eventful(1)]


def test_other_programs_traces_are_counted_and_passed_over(file: Path) -> None:
    file.write_bytes(foreign("e" * 32) + b"\n" + line_of(eventful(1), {}) + foreign("f" * 32) + b"\n\n")
    outcome = Outcome(file)
    assert outcome.runs == [eventful(1)]
    assert outcome.foreign == 2
    assert not outcome.bad


@settings(deadline=None, database=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_spans_may_be_spread_over_lines_in_any_order(file: Path, data: st.DataObject) -> None:
    # The first two share a trace, as calls of one agent's run do.
    runs = [eventful(1, trace_id="a" * 32), eventful(2, trace_id="a" * 32), eventful(3)]
    everything = data.draw(st.permutations([span for run in runs for span in spans(run)]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(everything) - 1))))
    parts = [everything[start:end] for start, end in zip([0, *cuts], [*cuts, len(everything)], strict=True)]
    file.write_bytes(b"".join(map(line, parts)))
    outcome = Outcome(file)
    assert sorted(outcome.runs, key=lambda run: run.id) == sorted(runs, key=lambda run: run.id)
    assert not outcome.bad


def evaluated(score: Score, run: Run) -> list[dict[str, Any]]:
    document = json.loads(encode([evaluation_span(score, run)], {}))
    found: list[dict[str, Any]] = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return found


def test_scores_come_as_they_are_met_and_keep_no_trace_open(file: Path) -> None:
    first, second = eventful(1), eventful(2)
    early, late = a_score(2), a_score(1, 0.0)
    lines = [evaluated(early, second), spans(first), spans(second), evaluated(late, first)]
    file.write_bytes(b"".join(map(line, lines)))
    outcome = Outcome(file)
    assert outcome.found == [early, first, second, late]
    assert outcome.foreign == 0


def test_a_score_of_which_the_file_has_no_run_is_read_all_the_same(file: Path) -> None:
    file.write_bytes(line(evaluated(a_score(1), a_run(1))) + foreign())
    outcome = Outcome(file)
    assert outcome.found == [a_score(1)]
    assert outcome.foreign == 1


@pytest.mark.parametrize(
    "wrong", ["{}", json.dumps({**json.loads(msgspec.json.encode(a_score(1))), "created_ns": 2**70})]
)
def test_a_score_that_cannot_be_kept_is_a_bad_line(file: Path, wrong: str) -> None:
    (span,) = evaluated(a_score(1), a_run(1))
    for attribute in span["attributes"]:
        if attribute["key"] == "burnish.score":
            attribute["value"] = {"stringValue": wrong}
    file.write_bytes(line([span]) + line(evaluated(a_score(2), a_run(2))))
    bad, score = Outcome(file).found
    assert isinstance(bad, BadLine)
    assert bad.number == 1
    assert "score" in bad.reason
    assert score == a_score(2)


def test_bad_lines_are_numbered_and_the_others_read(file: Path) -> None:
    good = line_of(eventful(1), {})
    deep = b'{"resourceSpans":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    file.write_bytes(b"not json\n" + good + good[: len(good) // 2] + b"\n\n" + b"\xff\xfe\n" + b"[]\n" + deep)
    outcome = Outcome(file)
    assert [bad.number for bad in outcome.bad] == [1, 3, 5, 6, 7]
    assert outcome.runs == [eventful(1)]


def test_a_trace_with_a_part_missing_is_bad_and_says_what(file: Path) -> None:
    whole = spans(eventful(1, trace_id="a" * 32))
    file.write_bytes(line(whole[:2]) + line_of(eventful(2, trace_id="a" * 32), {}))
    outcome = Outcome(file)
    assert [run.id for run in outcome.runs] == [eventful(2).id]
    (bad,) = outcome.bad
    assert "found ['agent', 'server']" in bad.reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '"burnish.run.id", "value": {"stringValue": "' + a_run(1).id,
            '"burnish.run.id", "value": {"stringValue": "../..',
        ),
        (
            '"http.response.status_code", "value": {"intValue": "200"',
            '"http.response.status_code", "value": {"stringValue": "x"',
        ),
        ('"burnish.tenant", "value": {"stringValue": "default"', '"burnish.tenant", "value": {"boolValue": true'),
        ('"burnish.source", "value": {"stringValue": "live"', '"burnish.source", "value": {"stringValue": "other"'),
        (
            '"gen_ai.usage.input_tokens", "value": {"intValue": "12"',
            f'"gen_ai.usage.input_tokens", "value": {{"intValue": "{10**30}"',
        ),
    ],
    ids=["id", "status", "tenant", "source", "number"],
)
def test_a_run_with_a_field_of_the_wrong_kind_is_bad(file: Path, before: str, after: str) -> None:
    text = line(spans(a_run(1))).decode()
    assert before in text
    file.write_text(text.replace(before, after))
    outcome = Outcome(file)
    assert not outcome.runs
    assert [bad.number for bad in outcome.bad] == [1]


def test_progress_goes_forward_to_the_end(file: Path) -> None:
    file.write_bytes(b"".join(line_of(eventful(number), {}) for number in range(50)))
    progress = Outcome(file).progress
    shares = [done / total for done, total in progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert any(0.4 < share < 0.6 for share in shares)


def test_an_empty_file_holds_nothing(file: Path) -> None:
    file.write_bytes(b"")
    outcome = Outcome(file)
    assert (outcome.runs, outcome.bad, outcome.foreign) == ([], [], 0)


@pytest.mark.parametrize("content", [gzip.compress(b"x" * 1000)[:-9], b"\x1f\x8bnonsense"], ids=["cut", "nonsense"])
def test_a_broken_gzip_file_is_an_error_of_the_disk(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises((OSError, EOFError)):
        Outcome(file)


def test_a_journal_line_gives_the_same_run_as_the_indexer_reads(file: Path) -> None:
    file.write_bytes(line_of(eventful(1), {}))
    assert Outcome(file).runs == runs_in(file.read_bytes())
