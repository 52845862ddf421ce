"""A run written as OTLP JSON and read back."""

import json
from random import Random

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from records import Attempt, Fact, Run, Step, ToolEvent
from records.otlp import decode, line_of, runs_in
from records.trace import TraceError, chat_span_id, run_of, runs_of
from records.tree import spans_of
from tests.records.runs import runs
from tests.support.runs import a_run

RESOURCE = {"service.name": "burnish", "process.pid": 7}


@given(runs())
def test_a_run_comes_back_from_its_line_as_it_was(run: Run) -> None:
    assert runs_in(line_of(run, RESOURCE)) == [run]


@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_the_spans_does_not_matter(run: Run, random: Random) -> None:
    spans = spans_of(run)
    random.shuffle(spans)
    assert run_of(spans) == run


@given(st.lists(runs(), max_size=3, unique_by=lambda run: run.id[16:-2]))
def test_runs_of_one_trace_are_told_apart(several: list[Run]) -> None:
    spans = [span for run in several for span in spans_of(run)]
    assert list(runs_of(spans)) == several


@given(runs())
def test_a_line_is_one_line_that_any_otlp_reader_understands(run: Run) -> None:
    line = line_of(run, RESOURCE)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    document = json_format.Parse(line, TracesData())
    assert len(document.resource_spans[0].scope_spans[0].spans) == len(spans_of(run))


def test_spans_hang_together_as_the_design_draws_them() -> None:
    tool = ToolEvent(
        call_id="c",
        name="weather",
        arguments="{}",
        result="{}",
        started_ns=5,
        ended_ns=6,
        asked_by="0" * 32,
        asked_trace="1" * 32,
    )
    routing, outcomes = Step("variant_routing", 1, 2), Step("tool_outcomes", 2, 3)
    attempt = Attempt(provider="local", model="small-instruct", started_ns=4, ended_ns=5)
    run = a_run(steps=(routing, outcomes), tools=(tool,), attempts=(attempt,), parent_span_id="00000000000000ff")
    spans = {span.name: span for span in spans_of(run)}
    parents = {
        name: next((n for n, s in spans.items() if s.span_id == span.parent_id), None) for name, span in spans.items()
    }
    assert parents == {
        "POST /v1/chat/completions": None,
        "invoke_agent support": "POST /v1/chat/completions",
        "variant_routing": "invoke_agent support",
        "tool_outcomes": "invoke_agent support",
        "execute_tool weather": "invoke_agent support",
        "chat small-instruct": "invoke_agent support",
        "POST upstream": "chat small-instruct",
    }
    assert spans["POST /v1/chat/completions"].parent_id == "00000000000000ff"
    assert spans["execute_tool weather"].links[0].span_id == chat_span_id("0" * 32)
    assert spans["chat small-instruct"].span_id == chat_span_id(run.id)


def test_the_search_for_past_answers_is_named_as_opentelemetry_names_it() -> None:
    shown = {"ids": ["a", "b"], "similarities": [0.9, 0.7], "shown": [True, False], "held_out": False}
    run = a_run(
        steps=(Step("retrieval", 1, 2, (Fact("answers_shown", shown), Fact("recall_missed", {"reason": "?"}))),)
    )
    (span,) = (span for span in spans_of(run) if span.name == "search_memory best_answers")
    assert span.attributes["gen_ai.operation.name"] == "search_memory"
    for name, value in shown.items():
        assert span.attributes[f"burnish.retrieval.{name}"] == value
    assert span.attributes["burnish.recall_missed.reason"] == "?"
    assert runs_in(line_of(run, RESOURCE)) == [run_of(spans_of(run))] == [run]


@pytest.mark.parametrize("operation", ["chat", "embeddings", "text_completion"])
def test_the_span_of_a_call_is_named_as_opentelemetry_names_its_operation(operation: str) -> None:
    run = a_run(operation=operation)
    model_span = next(span for span in spans_of(run) if span.span_id == chat_span_id(run.id))
    assert model_span.name == f"{operation} {run.model}"
    assert model_span.attributes["gen_ai.operation.name"] == operation
    assert runs_in(line_of(run, RESOURCE)) == [run]


def test_span_ids_count_past_the_highest_without_ever_being_zero() -> None:
    run = a_run(id="0" * 16 + "f" * 16)
    assert [span.span_id for span in spans_of(run)][:3] == ["f" * 16, "0" * 15 + "1", "0" * 15 + "2"]
    assert runs_in(line_of(run, {})) == [run]


def test_a_number_too_large_for_otlp_is_kept_as_text() -> None:
    run = a_run(steps=(Step("s", 1, 2, (Fact("f", {"n": 2**70}),)),))
    (read,) = runs_in(line_of(run, {}))
    assert read.steps[0].facts[0].attributes == {"n": str(2**70)}


def test_a_fact_that_is_not_json_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="not object"):
        line_of(a_run(steps=(Step("s", 1, 2, (Fact("f", {"it": object()}),)),)), {})


def test_spans_of_other_programs_are_passed_over() -> None:
    document = json.loads(line_of(a_run(), RESOURCE))
    document["resourceSpans"].append(
        {
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "ab" * 16,
                            "spanId": "cd" * 8,
                            "name": "GET /",
                            "kind": "SPAN_KIND_SERVER",
                            "startTimeUnixNano": 1,
                            "endTimeUnixNano": "2",
                            "attributes": [
                                {"key": "a", "value": {"intValue": 5}},
                                {"key": "b", "value": {}},
                                {"key": "c"},
                            ],
                            "status": {"code": "STATUS_CODE_ERROR"},
                            "droppedAttributesCount": 0,
                        }
                    ]
                }
            ]
        }
    )
    text = json.dumps(document)
    assert runs_in(text) == [a_run()]
    other = list(decode(text))[-1]
    assert (other.start_ns, other.end_ns, other.error) == (1, 2, "")


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"", "truncated"),
        (b'{"resourceSpans":[', "truncated"),
        (b"\x00\xff", "not OTLP JSON"),
        (b"[]", "Expected `object`"),
        (b"{}", "resourceSpans"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"a"}]}]}]}', "traceId"),
    ],
)
def test_what_is_not_otlp_json_is_refused_with_the_reason(document: bytes, complaint: str) -> None:
    with pytest.raises(TraceError, match=complaint):
        runs_in(document)


@pytest.mark.parametrize("missing", range(3))
def test_an_incomplete_trace_is_refused(missing: int) -> None:
    spans = spans_of(a_run())
    del spans[missing]
    with pytest.raises(TraceError, match="needs one server, one agent and one chat span"):
        list(runs_of(spans))


def test_a_span_that_lacks_an_attribute_is_refused_by_its_name() -> None:
    spans = spans_of(a_run())
    del spans[0].attributes["burnish.tenant"]
    with pytest.raises(TraceError, match=r"burnish\.tenant"):
        run_of(spans)
