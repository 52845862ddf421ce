"""The counting receiver reads what an exporter may send."""

import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from benchmarks.sink import Received


def protobuf(*trace_ids: bytes) -> bytes:
    spans = [Span(trace_id=trace_id, span_id=b"s" * 8) for trace_id in trace_ids]
    resource = ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])
    return bytes(ExportTraceServiceRequest(resource_spans=[resource]).SerializeToString())


def test_spans_and_distinct_traces_are_counted_over_both_encodings() -> None:
    one, two = b"1" * 16, b"2" * 16
    spans = [{"traceId": one.hex().upper()}, {"traceId": two.hex()}]
    received = Received()
    received.unread.append(("application/x-protobuf", protobuf(one, one)))
    received.unread.append(
        ("application/json", json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode())
    )
    assert received.read() == {"spans": 4, "traces": 2}
    assert received.read() == {"spans": 4, "traces": 2}
