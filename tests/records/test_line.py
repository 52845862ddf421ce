"""A run written as a line of the journal and read back."""

from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from records import Fact, Run, Step
from records.line import LineWriter
from records.otlp import decode_groups, line_of, runs_in
from records.trace import TraceError, chat_span_id, runs_of, server_span_id
from records.tree import spans_of
from tests.records.runs import runs
from tests.support.runs import a_run

RESOURCE: dict[str, Any] = {"service.name": "burnish", "process.pid": 7}
write = LineWriter(RESOURCE)


@given(runs(finite=True))
def test_a_run_comes_back_from_its_line_as_it_was(run: Run) -> None:
    assert runs_in(write(run)) == [run]


@given(runs(finite=True))
def test_the_line_and_the_whole_trace_tell_of_the_same_run(run: Run) -> None:
    assert runs_in(write(run)) == runs_in(line_of(run, RESOURCE))


@given(runs())
def test_a_line_is_one_line_that_any_otlp_reader_understands(run: Run) -> None:
    line = write(run)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    (span,) = json_format.Parse(line, TracesData()).resource_spans[0].scope_spans[0].spans
    assert (span.name, span.start_time_unix_nano) == (run.route, run.started_ns)


def test_the_resource_is_in_the_line() -> None:
    (group,) = decode_groups(write(a_run()))
    assert group.resource == RESOURCE


def test_the_span_of_the_line_is_the_server_span_of_the_trace() -> None:
    run = a_run()
    (group,) = decode_groups(write(run))
    assert group.spans[0].span_id == server_span_id(run.id) == spans_of(run)[0].span_id
    assert chat_span_id(run.id) == spans_of(run)[2].span_id


def test_a_file_with_both_the_line_and_the_whole_trace_holds_the_run_once() -> None:
    run = a_run()
    (of_line,), (of_trace,) = decode_groups(write(run)), decode_groups(line_of(run, RESOURCE))
    assert list(runs_of([*of_trace.spans[1:], *of_line.spans])) == [run]


def test_half_a_surrogate_pair_is_replaced_and_loses_nothing_else() -> None:
    run = a_run(answer="fine \ud83d", steps=(Step("s", 1, 2, (Fact("f", {"seen": ["\ud83d", "x"]}),)),))
    (read,) = runs_in(write(run))
    assert read.answer == "fine ?"
    assert read.steps[0].facts[0].attributes == {"seen": ["?", "x"]}
    assert read.request == run.request


def test_numbers_that_are_not_finite_become_null_in_facts() -> None:
    run = a_run(steps=(Step("s", 1, 2, (Fact("f", {"n": [float("inf"), float("nan")]}),)),))
    assert runs_in(write(run))[0].steps[0].facts[0].attributes == {"n": [None, None]}


def test_a_fact_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        write(a_run(steps=(Step("s", 1, 2, (Fact("f", {"it": object()}),)),)))


def test_a_line_whose_run_is_damaged_is_refused_with_the_reason() -> None:
    with pytest.raises(TraceError, match=r"not a Burnish run: .*outcome"):
        runs_in(write(a_run()).replace(rb"\"ok\"", rb"\"oK\""))
