"""`/v1/embeddings`: past keys, limits and breakers to a model, untouched, and recorded without its vectors."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from openai import AsyncOpenAI, AuthenticationError, RateLimitError

from tests.proxy.edge.conftest import Start
from tests.support.asgi import AsgiClient
from tests.support.oddities import near, written
from tests.support.proxy import AGENT, KEY, UPSTREAM_KEY, Answer, Proxy
from tests.support.refusals import error_in
from tests.support.upstream import EMBEDDINGS, Upstream, document, error, never, raw
from tests.support.upstream.embeddings import vector_of
from tests.support.wire import connected

INPUTS: Final = {
    "a text": "How are you?",
    "texts": ["How are you?", "Well."],
    "token ids": [1, 22, 333],
    "token ids of texts": [[1, 22], [333]],
}
EMBED: Final = {"provider": "local", "model": "embed-3", "retries": {"max": 0}}


async def embed(proxy: Proxy, given: Any = "hello", **fields: Any) -> Answer:
    return await proxy.post({"model": "small", "input": given, **fields}, path=EMBEDDINGS)


def costing(tokens: int) -> Any:
    data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
    return document(
        {"object": "list", "model": "embed-3", "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    )


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=proxy.base_url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("form", ["float", "base64"])
@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
async def test_item_30_any_input_goes_up_and_any_encoding_comes_down_byte_for_byte(
    upstream: Upstream, start: Start, given: Any, form: str
) -> None:
    proxy = await start(agent={"models": {"default": "small", "unknown": "passthrough"}})
    body = json.dumps({"input": given, "x_unknown": 1.50, "model": "embed-3", "encoding_format": form}, indent=1)
    packed: Any = "AAAAPw==" if form == "base64" else [5e-1]
    answered = json.dumps({"data": [{"embedding": packed}], "x_unknown": None}, indent=1).encode()
    upstream.reply(raw(answered, content_type="application/json"), to=EMBEDDINGS)
    answer = await proxy.post(body.encode(), path=EMBEDDINGS)
    assert upstream.requests[0].body == body.encode()
    assert answer.body == answered


async def test_the_model_is_called_by_its_own_name_with_the_providers_key(upstream: Upstream, proxy: Proxy) -> None:
    answer = await embed(proxy, dimensions=3)
    (request,) = upstream.requests
    assert request.path == EMBEDDINGS
    assert request.json() == {"model": "small-instruct", "input": "hello", "dimensions": 3}
    assert request.header("authorization") == f"Bearer {UPSTREAM_KEY}"
    assert answer.status == 200
    assert answer.headers["x-request-id"] == answer.run_id


async def test_a_model_that_is_not_configured_is_the_default_providers(upstream: Upstream, proxy: Proxy) -> None:
    """The default model chats; an agent that embeds too names another, and changes nothing but its base URL."""
    await proxy.post({"model": "embed-3", "input": "hello"}, path=EMBEDDINGS)
    assert upstream.requests[0].json()["model"] == "embed-3"
    (run,) = await proxy.recorded()
    assert (run.model_requested, run.model, run.sent) == ("embed-3", "embed-3", None)


async def test_openai_python_gets_its_vectors(upstream: Upstream, client: AsyncOpenAI) -> None:
    """It asks for base64 and unpacks that itself, unless told otherwise."""
    answer = await client.embeddings.create(model="small", input=["a", "b"])
    assert upstream.requests[0].json()["encoding_format"] == "base64"
    expected = [struct.unpack("<8f", struct.pack("<8f", *vector_of(text, 8))) for text in ("a", "b")]
    assert [tuple(each.embedding) for each in answer.data] == expected
    assert answer.usage.prompt_tokens == 2


async def test_openai_python_is_told_of_errors_as_it_knows_them(
    upstream: Upstream, proxy: Proxy, client: AsyncOpenAI
) -> None:
    upstream.reply(error(429, "Slow.", code="slow"), to=EMBEDDINGS)
    with pytest.raises(RateLimitError, match="Slow"):
        await client.embeddings.create(model="small", input="a")
    with pytest.raises(AuthenticationError):
        await client.with_options(api_key="bn-wrong").embeddings.create(model="small", input="a")
    assert len(upstream.requests) == 1


async def test_an_unknown_key_is_refused(upstream: Upstream, proxy: Proxy) -> None:
    answer = await proxy.post({"model": "m", "input": "a"}, path=EMBEDDINGS, headers={"authorization": "Bearer bn-x"})
    assert (answer.status, error_in(answer.headers, answer.body)["code"]) == (401, "invalid_api_key")
    assert upstream.requests == []


@pytest.mark.parametrize(("given", "param"), [(None, "input"), (7, "input"), (["a", 1], "input"), ([1.5], "input[0]")])
async def test_what_cannot_be_embedded_is_named(upstream: Upstream, proxy: Proxy, given: Any, param: str) -> None:
    answer = await embed(proxy, given)
    told = error_in(answer.headers, answer.body)
    assert (answer.status, told["param"], told["code"]) == (400, param, "invalid_type")
    assert upstream.requests == []


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"max_body": 1000})
    answer = await embed(proxy, "x" * 1000)
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")
    assert upstream.requests == []


async def test_calls_per_minute(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"rpm": 2}})
    answers = [await embed(proxy) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert proxy.metric("burnish_refused_total", api="embeddings", status="429", code="rate_limit_exceeded") == 1


async def test_tokens_per_minute_are_counted_as_the_provider_counts_them(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"tpm": 100}})
    upstream.reply(costing(99), costing(10), to=EMBEDDINGS)
    assert [(await embed(proxy)).status for _ in range(3)] == [200, 200, 429]


async def test_money_is_counted_by_the_price_of_the_model(upstream: Upstream, start: Start) -> None:
    priced = {"small": {**EMBED, "price": {"input": 1.0, "output": 0.0}}}
    proxy = await start(agent={"limits": {"budget": {"usd": 1.0, "per": "day"}}}, models=priced)
    upstream.reply(costing(1_000_000), to=EMBEDDINGS)
    answers = [await embed(proxy) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[1].error["code"] == "insufficient_quota"
    (run,) = await proxy.recorded()
    assert run.cost_usd == pytest.approx(1.0)


async def test_a_provider_that_keeps_failing_is_left_alone(upstream: Upstream, start: Start) -> None:
    local = {"base_url": upstream.base_url, "breaker": {"failures": 2, "cooldown": 60}}
    proxy = await start(providers={"local": local})
    upstream.reply(error(500), error(500), to=EMBEDDINGS)
    answers = [await embed(proxy) for _ in range(3)]
    assert [answer.status for answer in answers] == [500, 500, 503]
    assert answers[2].error["code"] == "upstream_resting"
    assert len(upstream.requests) == 2


async def test_a_failure_is_tried_again(upstream: Upstream, start: Start) -> None:
    proxy = await start(models={"small": {**EMBED, "retries": {"max": 1}}})
    upstream.reply(error(500), to=EMBEDDINGS)
    assert (await embed(proxy)).status == 200
    (run,) = await proxy.recorded()
    assert [attempt.status for attempt in run.attempts] == [500, 200]


async def test_item_14_a_client_that_leaves_frees_the_upstream(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(never(), to=EMBEDDINGS)
    async with connected(proxy.port) as wire:
        wire.ask({"model": "small", "input": "hello"}, target=EMBEDDINGS)
        request = await upstream.received()
        wire.leave()
        async with asyncio.timeout(1.0):
            await request.left.wait()
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome, run.answer) == (499, "cancelled", None)
    assert [attempt.error for attempt in run.attempts] == ["cancelled by the client"]


async def test_a_call_is_recorded_with_the_length_of_its_vectors(upstream: Upstream, start: Start) -> None:
    proxy = await start(models={"small": EMBED}, agent={"middleware": ["tool_outcomes"]})
    answer = await embed(proxy, ["a b", "c"], dimensions=5, encoding_format="base64", user="anna")
    (run,) = await proxy.recorded()
    assert (run.route, run.operation, run.agent) == ("POST /v1/embeddings", "embeddings", AGENT)
    assert (run.status, run.outcome, run.streamed, run.turn, run.steps) == (200, "ok", False, "aux", ())
    assert json.loads(run.request or "")["input"] == ["a b", "c"]
    assert json.loads(run.sent or "") == {"model": "embed-3"}
    assert (run.model_requested, run.model, run.model_answered) == ("small", "embed-3", "embed-3")
    assert run.usage is not None
    assert (run.usage.input, run.usage.output) == (3, 0)
    assert run.user is not None
    assert len(base64.b64decode(answer.json()["data"][0]["embedding"])) == 20
    kept = json.loads(run.answer or "")
    assert [item["embedding"] for item in kept["data"]] == [{"dimensions": 5}] * 2
    assert {**kept, "data": None} == {**answer.json(), "data": None}


async def test_an_error_is_recorded_as_the_client_was_told_of_it(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(error(400, "Too long.", param="input"), to=EMBEDDINGS)
    answer = await embed(proxy)
    assert (answer.status, answer.error["param"]) == (400, "input")
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome, run.operation) == (400, "error", "embeddings")
    assert json.loads(run.answer or "") == answer.json()


async def test_every_call_is_a_session_of_its_own_unless_it_names_one(upstream: Upstream, proxy: Proxy) -> None:
    for headers in ({}, {}, {"x-burnish-session": "s-1"}):
        await proxy.post({"model": "small", "input": "hello"}, path=EMBEDDINGS, headers=headers)
    first, second, named = await proxy.recorded(3)
    assert (first.session, second.session, named.session) == (first.id, second.id, "s-1")


ASKED: Final = {"model": "small", "input": ["a", "b"], "encoding_format": "float", "dimensions": 2, "user": "anna"}
ANSWERED: Final = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1]}, {"embedding": "AAAAPw=="}],
    "model": "embed-3",
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
NAMES: Final = ("input", "model", "user", "data", "embedding", "usage", "prompt_tokens", "error")


@pytest.fixture
async def patient(upstream: Upstream, start: Start) -> Proxy:
    """A proxy that never leaves its provider alone."""
    return await start(providers={"local": {"base_url": upstream.base_url, "breaker": {"failures": 1_000_000}}})


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written(near(ASKED, NAMES)), written(near(ANSWERED, NAMES)))
async def test_whatever_is_asked_and_answered_the_client_is_told_and_it_is_recorded(
    upstream: Upstream, patient: Proxy, body: bytes, answered: bytes
) -> None:
    upstream.always(raw(answered, content_type="application/json"), to=EMBEDDINGS)
    before, reached = patient.worker.recorded, len(upstream.requests)
    heard = await AsgiClient(patient).ask(body, target=EMBEDDINGS)
    assert heard.status == 200 or error_in(heard.headers, heard.body)["message"]
    assert heard.status != 500
    assert patient.worker.recorded - before == len(upstream.requests) - reached
    assert patient.metric("burnish_unrecorded_total") == 0


async def test_metrics_count_it_under_its_name(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(costing(7), to=EMBEDDINGS)
    await embed(proxy)
    await proxy.recorded()
    labels = {"agent": AGENT, "variant": "base", "api": "embeddings", "outcome": "ok", "status": "200"}
    assert proxy.metric("burnish_calls_total", **labels) == 1
    assert proxy.metric("burnish_tokens_total", agent=AGENT, direction="input") == 7
