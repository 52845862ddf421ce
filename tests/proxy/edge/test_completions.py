"""`/v1/completions`, which came before chat: past keys, limits and breakers to the agent's model, whole or streamed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import APIError, AsyncOpenAI, RateLimitError

from tests.proxy.edge.conftest import Start
from tests.support.asgi import AsgiClient
from tests.support.oddities import near, written
from tests.support.proxy import AGENT, KEY, Answer, Proxy
from tests.support.refusals import error_in
from tests.support.upstream import (
    COMPLETIONS,
    CUT,
    Broken,
    Gate,
    Upstream,
    choices,
    error,
    held,
    raw,
    says,
    with_content_type,
    without_done,
)
from tests.support.wire import connected

BOTH: Final = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
PROMPTS: Final = {
    "a text": "Once",
    "texts": ["Once", "Twice"],
    "token ids": [1, 22, 333],
    "token ids of texts": [[1, 22], [333]],
}


async def complete(proxy: Proxy, prompt: Any = "Once", **fields: Any) -> Answer:
    return await proxy.post({"model": "small", "prompt": prompt, **fields}, path=COMPLETIONS)


def text_of(answer: Answer, choice: int = 0) -> str:
    """What one choice says, of a document or put together from a stream."""
    streamed = answer.headers["content-type"].startswith("text/event-stream")
    documents = answer.events if streamed else [answer.json()]
    return "".join(each["text"] for said in documents for each in said["choices"] if each["index"] == choice)


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=proxy.base_url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
async def test_any_prompt_goes_up_and_any_answer_comes_down_byte_for_byte(
    upstream: Upstream, start: Start, prompt: Any
) -> None:
    proxy = await start(agent={"models": {"default": "small", "unknown": "passthrough"}})
    body = json.dumps({"prompt": prompt, "x_unknown": 1.50, "model": "davinci", "echo": True, "best_of": 2}, indent=1)
    answered = b'{ "choices" : [ {"text":" upon\\u0020a time","index":0,"logprobs":null} ], "x_unknown":1.0 }'
    upstream.reply(raw(answered, content_type="application/json"), to=COMPLETIONS)
    answer = await proxy.post(body.encode(), path=COMPLETIONS)
    assert upstream.requests[0].body == body.encode()
    assert answer.body == answered


async def test_the_model_is_called_by_its_own_name(upstream: Upstream, proxy: Proxy) -> None:
    await complete(proxy, max_tokens=3)
    (request,) = upstream.requests
    assert (request.path, request.json()) == (
        COMPLETIONS,
        {"model": "small-instruct", "prompt": "Once", "max_tokens": 3},
    )


@BOTH
async def test_openai_python_gets_every_choice(upstream: Upstream, client: AsyncOpenAI, stream: bool) -> None:
    upstream.reply(choices(says(" upon", " a time"), says(" more")).costing(4, 5), to=COMPLETIONS)
    asked: Any = {"model": "small", "prompt": "Once", "n": 2, "logprobs": 1}
    if stream:
        events = [event async for event in await client.completions.create(**asked, stream=True)]
        assert all(event.object == "text_completion" for event in events)
        assert all(event.usage is None for event in events)
        said = [choice for event in events for choice in event.choices]
    else:
        answer = await client.completions.create(**asked)
        assert answer.usage is not None
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 5)
        said = answer.choices
    texts = ["".join(choice.text for choice in said if choice.index == index) for index in (0, 1)]
    assert texts == [" upon a time", " more"]
    tokens = [
        token for choice in said if choice.logprobs and choice.index == 0 for token in choice.logprobs.tokens or ()
    ]
    assert tokens == [" upon", " a time"]
    assert [choice.finish_reason for choice in said if choice.finish_reason] == ["stop", "stop"]


async def test_openai_python_gets_the_usage_it_asks_for(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.reply(says("a").costing(4, 5), to=COMPLETIONS)
    options: Any = {"include_usage": True}
    stream = await client.completions.create(model="small", prompt="Once", stream=True, stream_options=options)
    *_, last = [event async for event in stream]
    assert (last.choices, last.usage and last.usage.total_tokens) == ([], 9)


async def test_usage_nobody_asked_for_is_asked_of_the_provider_and_kept_from_the_client(
    upstream: Upstream, proxy: Proxy
) -> None:
    upstream.reply(says(" upon", " a time").costing(4, 5), to=COMPLETIONS)
    answer = await complete(proxy, stream=True)
    assert upstream.requests[0].json()["stream_options"] == {"include_usage": True}
    assert b"usage" not in answer.body
    assert all(event["choices"] for event in answer.events)
    assert (text_of(answer), answer.data[-1]) == (" upon a time", b"[DONE]")
    (run,) = await proxy.recorded()
    assert run.usage is not None
    assert (run.usage.input, run.usage.output) == (4, 5)


async def test_a_provider_that_does_not_stream_is_streamed(upstream: Upstream, proxy: Proxy) -> None:
    whole = {
        "id": "1",
        "object": "text_completion",
        "choices": [{"text": " upon", "index": 0, "finish_reason": "stop"}],
    }
    upstream.reply(raw(json.dumps(whole).encode(), content_type="application/json"), to=COMPLETIONS)
    answer = await complete(proxy, stream=True)
    assert answer.events == [whole]
    assert answer.data[-1] == b"[DONE]"


@BOTH
async def test_a_call_is_recorded_whole(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    upstream.reply(choices(says(" upon", " a time"), says(" more")).costing(4, 5), to=COMPLETIONS)
    await complete(proxy, n=2, stream=stream, user="anna")
    (run,) = await proxy.recorded()
    assert (run.route, run.operation, run.agent) == ("POST /v1/completions", "text_completion", AGENT)
    assert (run.status, run.outcome, run.streamed, run.turn, run.steps) == (200, "ok", stream, "aux", ())
    assert json.loads(run.request or "") == {
        "model": "small", "prompt": "Once", "n": 2, "stream": stream, "user": "anna",
    }  # fmt: skip
    said = json.loads(run.answer or "")["choices"]
    assert [(choice["index"], choice["text"], choice["finish_reason"]) for choice in said] == [
        (0, " upon a time", "stop"),
        (1, " more", "stop"),
    ]
    assert (run.response_id, run.finish_reasons) == ("cmpl-1", ("stop", "stop"))
    assert run.usage is not None
    assert (run.usage.input, run.usage.output) == (4, 5)
    assert run.user is not None


async def test_an_unknown_key_is_refused(upstream: Upstream, proxy: Proxy) -> None:
    answer = await proxy.post({"model": "m", "prompt": "a"}, path=COMPLETIONS, headers={"authorization": "Bearer bn-x"})
    assert (answer.status, error_in(answer.headers, answer.body)["code"]) == (401, "invalid_api_key")
    assert upstream.requests == []


@pytest.mark.parametrize(("prompt", "param"), [(7, "prompt"), (["a", 1], "prompt"), ([None], "prompt[0]")])
async def test_a_prompt_that_is_none_is_named(upstream: Upstream, proxy: Proxy, prompt: Any, param: str) -> None:
    answer = await complete(proxy, prompt)
    told = error_in(answer.headers, answer.body)
    assert (answer.status, told["param"], told["code"]) == (400, param, "invalid_type")
    assert upstream.requests == []


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"max_body": 1000})
    answer = await complete(proxy, "x" * 1000)
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")
    assert upstream.requests == []


@BOTH
async def test_tokens_per_minute_are_counted_as_the_provider_counts_them(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent={"limits": {"tpm": 100}})
    upstream.reply(says("a").costing(60, 39), says("b").costing(5, 5), to=COMPLETIONS)
    assert [(await complete(proxy, stream=stream)).status for _ in range(3)] == [200, 200, 429]


async def test_calls_per_minute(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"rpm": 1}})
    answers = [await complete(proxy) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert proxy.metric("burnish_refused_total", api="completions", status="429", code="rate_limit_exceeded") == 1


async def test_a_provider_that_keeps_failing_is_left_alone(upstream: Upstream, start: Start) -> None:
    local = {"base_url": upstream.base_url, "breaker": {"failures": 2, "cooldown": 60}}
    proxy = await start(providers={"local": local})
    upstream.reply(error(500), error(500), to=COMPLETIONS)
    answers = [await complete(proxy) for _ in range(3)]
    assert [answer.status for answer in answers] == [500, 500, 503]
    assert answers[2].error["code"] == "upstream_resting"
    assert len(upstream.requests) == 2


@BOTH
async def test_a_failure_before_the_first_byte_is_tried_again(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(models={"small": {"provider": "local", "model": "davinci", "retries": {"max": 1}}})
    upstream.reply(error(500), says(" upon"), to=COMPLETIONS)
    assert text_of(await complete(proxy, stream=stream)) == " upon"
    (run,) = await proxy.recorded()
    assert [attempt.status for attempt in run.attempts] == [500, 200]


async def test_openai_python_is_told_of_errors_as_it_knows_them(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.reply(error(429, "Slow."), says("half", Broken("out of memory")), to=COMPLETIONS)
    with pytest.raises(RateLimitError, match="Slow"):
        await client.completions.create(model="small", prompt="Once")
    stream = await client.completions.create(model="small", prompt="Once", stream=True)
    with pytest.raises(APIError, match="out of memory"):
        [event async for event in stream]


async def test_a_stream_that_breaks_off_ends_in_an_error(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("half", CUT), to=COMPLETIONS)
    answer = await complete(proxy, stream=True)
    *said, broken = answer.events
    assert (said[0]["choices"][0]["text"], broken["error"]["code"]) == ("half", "upstream_broke")
    assert b"[DONE]" not in answer.body
    (run,) = await proxy.recorded()
    assert run.outcome == "error"
    assert json.loads(run.answer or "")["choices"][0]["text"] == "half"


async def test_a_stream_that_ends_without_done_is_complete(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(without_done(says("all")), to=COMPLETIONS)
    answer = await complete(proxy, stream=True)
    assert (text_of(answer), answer.data[-1]) == ("all", b"[DONE]")


async def test_events_leave_as_they_come(upstream: Upstream, proxy: Proxy) -> None:
    gate = Gate()
    upstream.reply(says("first", gate, "second"), to=COMPLETIONS)
    async with connected(proxy.port) as wire:
        wire.ask({"model": "small", "prompt": "Once", "stream": True}, target=COMPLETIONS)
        await wire.head()
        assert b'"first"' in await wire.frame()
        gate.open()
        assert b'"second"' in await wire.frame()


@pytest.mark.parametrize("moment", ["before the answer", "in mid stream"])
async def test_item_14_a_client_that_leaves_frees_the_upstream(upstream: Upstream, proxy: Proxy, moment: str) -> None:
    late = held(says("late"), Gate()) if moment == "before the answer" else says("half", Gate(), " more")
    upstream.reply(late, to=COMPLETIONS)
    async with connected(proxy.port) as wire:
        wire.ask({"model": "small", "prompt": "Once", "stream": True}, target=COMPLETIONS)
        request = await upstream.received()
        if moment == "in mid stream":
            await wire.head()
            await wire.frame()
        wire.leave()
        async with asyncio.timeout(1.0):
            await request.left.wait()
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (499, "cancelled")
    assert [attempt.error for attempt in run.attempts] == ["cancelled by the client"]


ASKED: Final = {"model": "small", "prompt": ["a"], "stream": True, "stream_options": {"include_usage": True}, "n": 2}
SAID: Final = {
    "id": "cmpl-1",
    "object": "text_completion",
    "choices": [{"text": "a", "index": 0, "logprobs": {"tokens": ["a"]}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 2, "completion_tokens": 2},
}
NAMES: Final = ("prompt", "model", "stream", "choices", "text", "index", "usage", "logprobs", "finish_reason", "error")


@pytest.fixture
async def patient(upstream: Upstream, start: Start) -> Proxy:
    """A proxy that never leaves its provider alone."""
    return await start(providers={"local": {"base_url": upstream.base_url, "breaker": {"failures": 1_000_000}}})


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written(near(ASKED, NAMES)), st.lists(written(near(SAID, NAMES)), min_size=1, max_size=3), st.booleans())
async def test_whatever_is_asked_and_answered_the_client_is_told_and_it_is_recorded(
    upstream: Upstream, patient: Proxy, body: bytes, said: list[bytes], streamed: bool
) -> None:
    events = b"".join(b"data: " + each.replace(b"\n", b" ") + b"\n\n" for each in said) + b"data: [DONE]\n\n"
    kind = "text/event-stream" if streamed else "application/json"
    upstream.always(raw(events if streamed else said[0], content_type=kind), to=COMPLETIONS)
    before, reached = patient.worker.recorded, len(upstream.requests)
    heard = await AsgiClient(patient).ask(body, target=COMPLETIONS)
    assert heard.ended
    assert heard.status != 500
    if heard.is_stream:
        assert heard.events[-1] == b"[DONE]" or "error" in json.loads(heard.events[-1])
    assert patient.worker.recorded - before == len(upstream.requests) - reached
    assert patient.metric("burnish_unrecorded_total") == 0


async def test_what_is_no_text_completion_is_a_failure_of_the_upstream(upstream: Upstream, proxy: Proxy) -> None:
    page = with_content_type(raw(b"<h1>Oops</h1>"), "text/html")
    upstream.reply(page, raw(b'{"error": {"message": "no"}}', content_type="application/json"), to=COMPLETIONS)
    answers = [await complete(proxy) for _ in range(2)]
    assert [answer.status for answer in answers] == [502, 502]
    assert answers[1].error["message"] == "no"
