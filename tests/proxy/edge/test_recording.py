"""A run is in the journal before its client can see that the reply has ended, with all that was said and when."""

import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.record.guarding import PHRASE
from tests.support.proxy import KEY, Proxy, asking
from tests.support.upstream import Broken, Gate, Upstream, document, error, raw, says
from tests.support.wire import Wire, connected

PRICED = {"small": {"provider": "local", "model": "small-instruct", "price": {"input": 1.0, "output": 2.0}}}


async def test_a_stream_is_recorded_before_its_last_event_and_not_earlier(upstream: Upstream, proxy: Proxy) -> None:
    gate = Gate()
    upstream.reply(says("a", gate, "b"))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        await wire.frame()
        assert proxy.runs() == []
        gate.open()
        while await wire.frame() != b"data: [DONE]\n\n":
            pass
        (run,) = proxy.runs()
    assert run.outcome == "ok"


@pytest.mark.parametrize(
    ("reply", "ending"),
    [(says("a"), b"}"), (error(500), b"}"), (raw(b"<p>", content_type="text/html"), b"}")],
    ids=["answer", "error", "rubbish"],
)
async def test_a_whole_answer_is_recorded_before_its_last_byte(
    upstream: Upstream, proxy: Proxy, reply: Any, ending: bytes
) -> None:
    upstream.reply(reply)
    async with connected(proxy.port) as wire:
        wire.ask(asking())
        assert await _ending(wire) == ending
        assert len(proxy.runs()) == 1


async def test_a_broken_stream_is_recorded_before_its_error(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("a", Broken()))
    async with connected(proxy.port) as wire:
        wire.ask(asking(stream=True))
        await wire.head()
        while b'"error"' not in await wire.frame():
            pass
        assert len(proxy.runs()) == 1


async def test_an_answer_of_known_length_of_another_route_is_recorded_before_its_last_byte(
    upstream: Upstream, proxy: Proxy
) -> None:
    upstream.reply(document({"a": "b" * 200_000}), to="/v1/files")
    async with connected(proxy.port) as wire:
        wire.send(f"GET /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
        assert await _ending(wire) == b"}"
        assert len(proxy.runs()) == 1


async def _ending(wire: Wire) -> bytes:
    _, headers = await wire.head()
    return (await wire.body(headers))[-1:]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_run_says_what_was_asked_sent_answered_and_what_it_cost(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(models=PRICED)
    upstream.reply(says("It is ", "sunny.").costing(1_000_000, 500_000).ending_with("length"))
    answer = await proxy.chat("How is it?", temperature=0.5, stream=stream)
    (run,) = await proxy.recorded()
    assert json.loads(run.request or "") == asking("How is it?", temperature=0.5, stream=stream)
    sent = {"model": "small-instruct", **({"stream_options": {"include_usage": True}} if stream else {})}
    assert json.loads(run.sent or "") == sent
    recorded = json.loads(run.answer or "")
    assert recorded["choices"][0]["message"]["content"] == answer.text == "It is sunny."
    assert (run.model_requested, run.model, run.model_answered) == ("small", "small-instruct", "small-instruct")
    assert (run.provider, run.response_id, run.finish_reasons) == ("local", "chatcmpl-1", ("length",))
    assert run.usage is not None
    assert (run.usage.input, run.usage.output) == (1_000_000, 500_000)
    assert run.cost_usd == pytest.approx(2.0)
    assert (run.streamed, run.status, run.outcome, run.error) == (stream, 200, "ok", None)
    assert run.config_hash == proxy.worker.snapshot.config.hash


async def test_the_times_of_a_run_are_in_order(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": ["variant_routing", "tool_outcomes"]})
    await proxy.chat(stream=True)
    (run,) = await proxy.recorded()
    (attempt,) = run.attempts
    assert run.first_chunk_ns is not None
    times = [run.started_ns, run.steps[0].started_ns, run.steps[0].ended_ns, run.steps[1].started_ns]
    times += [run.steps[1].ended_ns, run.chat_started_ns, attempt.started_ns, run.first_chunk_ns]
    times += [attempt.ended_ns, run.chat_ended_ns]
    assert times == sorted(times)
    assert run.chat_ended_ns <= run.ended_ns


async def test_what_one_call_was_refused_for_is_no_run(upstream: Upstream, proxy: Proxy) -> None:
    await proxy.post(b"{")
    await proxy.chat(headers={"authorization": "Bearer bn-wrong"})
    await proxy.chat()
    assert len(await proxy.recorded()) == 1


async def test_secrets_are_masked_before_they_are_recorded(upstream: Upstream, proxy: Proxy) -> None:
    secret = "sk-proj-" + "A1b2C3d4E5" * 3
    upstream.reply(says(f"It is {secret}."))
    answer = await proxy.chat(f"My key is {secret}.", stream=True)
    assert secret in answer.text
    assert secret in upstream.requests[0].json()["messages"][0]["content"]
    (run,) = await proxy.recorded()
    assert secret not in str(run)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_content_none_keeps_figures_and_no_words(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(agent={"content": "none"})
    upstream.reply(says("secret answer").costing(3, 2))
    await proxy.chat("secret question", stream=stream)
    (run,) = await proxy.recorded()
    assert (run.request, run.sent, run.answer) == (None, None, None)
    assert "secret" not in str(run)
    assert run.usage is not None
    assert run.usage.input == 3


async def test_tool_results_are_masked_and_left_out_like_any_content(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"content": "none", "middleware": ["tool_outcomes"]})
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": "secret argument"}'}}
    await proxy.chat(
        "hello",
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "secret result"},
    )
    (run,) = await proxy.recorded()
    assert [(event.call_id, event.name) for event in run.tools] == [("1", "f")]
    assert "secret" not in str(run)


@pytest.mark.parametrize(("agent", "shown"), [({}, True), ({"content": "none"}, False)], ids=["full", "none"])
async def test_what_stood_around_a_guardrails_find_is_content_too(
    start: Start, agent: dict[str, Any], shown: bool
) -> None:
    proxy = await start(
        agent={**agent, "middleware": ["tests.record.guarding:Guarding"]},
        telemetry={"redact": ["kestrel"]},
    )
    await proxy.chat(f"In project kestrel, {PHRASE}, please.")
    (run,) = await proxy.recorded()
    (fact,) = run.facts("guard_verdicts")
    (evidence,) = fact.attributes["evidence"]
    assert (PHRASE in evidence) is shown
    assert "kestrel" not in str(run)
    assert fact.attributes["rules"] == ["phrases.forget"]
