"""What is said of an answer arrives at the OTLP receiver, as a span in the trace of its run."""

import asyncio
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.proxy.telemetry.attributes import values_of
from tests.proxy.telemetry.receiving import Receiving, receiving
from tests.record.caller import calling, until
from tests.record.site import Site, site
from tests.support.upstream import Upstream

LEARNING: dict[str, Any] = {
    "variants": {"base": {}, "terse": {"instructions": {"append": ["Be terse."]}}},
    "middleware": [{"variant_routing": {"policy": "thompson"}}],
    "reward": {"scores": {"retry": -1}, "every": "1s"},
}


def trace_of(collector: Receiving, records: Site, run: str) -> dict[str, Span]:
    """The spans of a run's trace, by their names."""
    trace = records.stored(run).trace_id
    return {span.name: span for span in collector.spans if span.trace_id.hex() == trace}


async def test_feedback_is_a_span_of_the_trace_it_is_about(upstream: Upstream, tmp_path: Path) -> None:
    with receiving() as collector:
        records = site(upstream, tmp_path, telemetry={"otlp": collector.url})
        with records.served() as proxy:
            async with calling(proxy) as caller:
                answers = [await caller.chat(f"Question {number}.") for number in range(3)]
                said = await caller.say(answers[1], thumbs="down", comment="Too long.", rater="ada")
                assert said.status == 201, said.body
                await asyncio.to_thread(collector.wait_for_evaluations, 1)

                async def counted() -> bool:
                    return await caller.metric("burnish_exported_scores") == 1

                await until(counted)
                assert await caller.metric("burnish_dropped_scores") == 0
                assert (await caller.say(answers[1], thumbs="up", rater="ada")).json()["kept"] == "changed"
            # Said just before the end.
            proxy.stop()
            assert proxy.wait() == 0
    first, second = collector.evaluations
    spans = trace_of(collector, records, answers[1].run_id)
    assert set(spans) == {
        "POST /v1/chat/completions",
        "invoke_agent support",
        "chat small-instruct",
        "POST upstream",
        "evaluate thumbs",
    }
    assert {first.trace_id, second.trace_id} == {spans["chat small-instruct"].trace_id}
    assert {first.parent_span_id, second.parent_span_id} == {spans["chat small-instruct"].span_id}
    told = values_of(first.attributes)
    assert told["gen_ai.evaluation.name"] == "thumbs"
    assert told["gen_ai.evaluation.score.value"] == 0.0
    assert told["gen_ai.evaluation.score.label"] == "down"
    assert told["gen_ai.evaluation.explanation"] == "Too long."
    assert told["gen_ai.response.id"] == answers[1].json()["id"]
    assert values_of(second.attributes)["gen_ai.evaluation.score.label"] == "up"


async def test_what_a_session_says_without_saying_it_is_a_span_too(upstream: Upstream, tmp_path: Path) -> None:
    with receiving() as collector:
        records = site(upstream, tmp_path, telemetry={"otlp": collector.url}, agent=LEARNING)
        with records.served() as proxy:
            async with calling(proxy) as caller:
                question = "What is the difference between wax and tallow?"
                asked = await caller.chat(question)
                answer = asked.json()["choices"][0]["message"]
                again = await caller.chat({"role": "user", "content": question}, answer, question)
                assert (asked.status, again.status) == (200, 200)
                await asyncio.to_thread(collector.wait_for_evaluations, 1)
            proxy.stop()
            assert proxy.wait() == 0
    evaluated = trace_of(collector, records, asked.run_id)["evaluate retry"]
    assert values_of(evaluated.attributes)["gen_ai.evaluation.score.value"] == 1.0
