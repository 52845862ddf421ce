"""Traces written as protobuf say what they say as JSON, by the word of OpenTelemetry's own classes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from proxy.telemetry.protobuf import TraceEncoder, varint
from records import Fact, Run, Step
from records.attributes import REQUEST_BODY, SCHEMA_URL
from records.span import Span
from records.tree import spans_of
from stores.tail import Recorded
from tests.proxy.telemetry.attributes import values_of
from tests.records.runs import runs
from tests.support.runs import a_run

RESOURCE: dict[str, Any] = {"service.name": "burnish", "process.pid": 7, "deep": {"list": [1, 2.5, None, True]}}


def sent(*runs: Run, body_limit: int = 2**20) -> ExportTraceServiceRequest:
    return received(TraceEncoder(body_limit), *(Recorded(run, RESOURCE) for run in runs))


def received(encoder: TraceEncoder, *recorded: Recorded) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(encoder.request(recorded).data)


def told(span: trace_pb2.Span) -> dict[str, Any]:
    return {
        "ids": (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()),
        "name": span.name,
        "kind": span.kind,
        "times": (span.start_time_unix_nano, span.end_time_unix_nano),
        "attributes": values_of(span.attributes),
        "events": [(event.name, event.time_unix_nano, values_of(event.attributes)) for event in span.events],
        "links": [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        "error": span.status.message if span.status.code == trace_pb2.Status.STATUS_CODE_ERROR else None,
    }


def meant(span: Span) -> dict[str, Any]:
    return {
        "ids": (span.trace_id, span.span_id, span.parent_id or ""),
        "name": span.name,
        "kind": span.kind,
        "times": (span.start_ns, span.end_ns),
        "attributes": span.attributes,
        "events": [(event.name, event.time_ns, event.attributes) for event in span.events],
        "links": [(link.trace_id, link.span_id) for link in span.links],
        "error": span.error,
    }


@given(st.lists(runs(), min_size=1, max_size=3))
def test_every_span_arrives_as_it_is(several: list[Run]) -> None:
    (of_resource,) = sent(*several).resource_spans
    (of_scope,) = of_resource.scope_spans
    assert values_of(of_resource.resource.attributes) == RESOURCE
    assert (of_resource.schema_url, of_scope.schema_url, of_scope.scope.name) == (SCHEMA_URL, SCHEMA_URL, "burnish")
    assert [told(span) for span in of_scope.spans] == [meant(span) for run in several for span in spans_of(run)]


def test_an_encoder_used_again_says_the_same() -> None:
    encoder = TraceEncoder(4096)
    assert encoder.request([Recorded(a_run(1), RESOURCE)]) == encoder.request([Recorded(a_run(1), dict(RESOURCE))])


def test_a_number_is_not_taken_for_a_truth_or_a_text_that_equals_it() -> None:
    values = (1, True, 1.0, "1", 0, False)
    facts = [Fact("f", {"value": value}) for value in values]
    run = a_run(steps=tuple(Step(f"s{place}", 1, 2, (fact,)) for place, fact in enumerate(facts)))
    spans = sent(run).resource_spans[0].scope_spans[0].spans
    found = [values_of(span.attributes)["burnish.f.value"] for span in spans if span.name.startswith("s")]
    assert [(type(value), value) for value in found] == [
        (type(value), value) for value in (1, True, 1.0, "1", 0, False)
    ]


def test_spans_of_two_workers_stay_under_their_own_resources() -> None:
    found = received(
        TraceEncoder(100), *(Recorded(a_run(pid), {"process.pid": pid}) for pid in (1, 2, 1))
    ).resource_spans
    assert [(values_of(item.resource.attributes)["process.pid"], len(item.scope_spans[0].spans)) for item in found] == [
        (1, 6),
        (2, 3),
    ]


@pytest.mark.parametrize("limit", [0, 10, 100, 4096])
def test_bodies_are_cut_to_the_limit_and_nothing_else_is(limit: int) -> None:
    run = a_run(1, request=json.dumps("é" * 5_000, ensure_ascii=False), agent="a" * 5_000)
    (of_resource,) = sent(run, body_limit=limit).resource_spans
    chat = next(span for span in of_resource.scope_spans[0].spans if span.name.startswith("chat"))
    kept = values_of(chat.attributes)[REQUEST_BODY]
    beginning, _, rest = kept.partition("… [")
    assert limit - 1 <= len(beginning.encode()) <= limit
    assert run.request is not None
    assert run.request.startswith(beginning)
    assert rest == f"{len(run.request.encode()) - limit} more bytes]"
    assert any(span.name == f"invoke_agent {'a' * 5_000}" for span in of_resource.scope_spans[0].spans)


def test_a_trace_that_protobuf_cannot_hold_is_left_out_and_counted() -> None:
    odd = [a_run(1, trace_id="not hex"), a_run(2, started_ns=-1), a_run(4, parent_span_id="ab")]
    request = TraceEncoder(100).request([Recorded(run, RESOURCE) for run in [odd[0], a_run(3), *odd[1:]]])
    assert request.left_out == 3
    (of_resource,) = ExportTraceServiceRequest.FromString(request.data).resource_spans
    assert len(of_resource.scope_spans[0].spans) == 3


@given(st.integers(-(2**63), 2**64 - 1))
def test_numbers_are_written_as_protobuf_does(number: int) -> None:
    expected = AnyValue(int_value=number if number < 2**63 else number - 2**64).SerializeToString()
    assert b"\x18" + varint(number) == expected
