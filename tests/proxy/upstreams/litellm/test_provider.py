"""A provider that speaks another API: called through litellm, against an upstream that speaks Anthropic's Messages."""

import asyncio
import json
import time
from typing import Any

import pytest

from burnish.testing import exchange, request
from proxy.errors import ApiError, BadRequest, UpstreamBroke
from proxy.wire.chat import ChatCompletionsRequest
from proxy.wire.format import WireRequest
from tests.proxy.upstreams.behind import Behind, with_client_headers
from tests.support.upstream import (
    CUT,
    MESSAGES,
    Broken,
    Gate,
    Upstream,
    calls,
    error,
    hangs_up,
    never,
    raw,
    says,
    tool,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier:UserWarning")  # litellm's types, in pydantic.

KEY = "sk-ant-0123456789"


def asking(**fields: Any) -> WireRequest:
    return request(**fields)


class Claude(Behind):
    """The same agent, whose model `fast` is claude-haiku behind litellm."""

    def router(self, **sections: Any) -> Any:
        sections["provider"] = {
            "base_url": self.base_url.removesuffix("/v1"),
            "litellm": "anthropic",
            "api_key": KEY,
            **sections.get("provider", {}),
        }
        sections["model"] = {"model": "claude-haiku", "retries": {"max": 0}, **sections.get("model", {})}
        return super().router(**sections)


@pytest.fixture
def claude(behind: Behind, upstream: Upstream) -> Claude:
    upstream.key = KEY
    return Claude(behind.base_url, behind.pool)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_of_another_api_is_a_chat_completion(claude: Claude, upstream: Upstream, stream: bool) -> None:
    upstream.reply(says("Bon", "jour").costing(11, 5), to=MESSAGES)
    completion = await claude.ask(stream=stream)
    assert completion.text == "Bonjour"
    assert list(completion.finish_reasons) == ["stop"]
    assert completion.usage is not None
    assert (completion.usage.input, completion.usage.output) == (11, 5)
    sent = upstream.requests[0].json()
    assert sent["model"] == "claude-haiku"
    assert upstream.requests[0].header("x-api-key") == KEY
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]


async def test_a_stream_is_made_of_chunks_as_clients_know_them(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(says("Bon", "jour"), to=MESSAGES)
    chunks = [json.loads(chunk.data) for chunk in await claude.chunks()]
    *said, usage = chunks
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == 2
    assert all("usage" not in chunk for chunk in said)
    assert [chunk["choices"][0]["finish_reason"] for chunk in said] == [None] * (len(said) - 1) + ["stop"]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in said) == "Bonjour"


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_arrive_with_their_ids_and_arguments(claude: Claude, upstream: Upstream, stream: bool) -> None:
    asked = tool("weather", id="toolu_1", city="Paris"), tool("time", id="toolu_2", zone="CET")
    upstream.reply(calls(*asked), to=MESSAGES)
    tools = [{"type": "function", "function": {"name": each.name, "parameters": {"type": "object"}}} for each in asked]
    completion = await claude.ask(stream=stream, tools=tools)
    assert [(call.id, call.name, json.loads(call.arguments)) for call in completion.calls] == [
        ("toolu_1", "weather", {"city": "Paris"}),
        ("toolu_2", "time", {"zone": "CET"}),
    ]
    assert list(completion.finish_reasons) == ["tool_calls"]
    assert [each["name"] for each in upstream.requests[0].json()["tools"]] == ["weather", "time"]


async def test_a_whole_answer_names_what_is_absent(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(calls(tool("weather", city="Paris")), to=MESSAGES)
    message = json.loads((await claude.ask()).body)["choices"][0]["message"]
    assert message["content"] is None
    assert message["refusal"] is None


async def test_the_attempt_is_recorded(claude: Claude, upstream: Upstream) -> None:
    for stream in (False, True):
        await claude.ask(stream=stream)
        (attempt,) = claude.attempts
        assert (attempt.provider, attempt.model, attempt.status) == ("local", "claude-haiku", 200)
        assert attempt.request_id == f"req_{len(upstream.requests)}"
        assert attempt.error is None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "type"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
    ],
)
async def test_the_providers_status_type_and_message_are_kept(
    claude: Claude, upstream: Upstream, status: int, type: str, stream: bool
) -> None:
    upstream.reply(error(status, "Not like this.", type=type), to=MESSAGES)
    with pytest.raises(ApiError) as raised:
        await claude.ask(stream=stream)
    assert (raised.value.status, raised.value.type, raised.value.message) == (status, type, "Not like this.")
    assert (claude.attempts[0].status, claude.attempts[0].error) == (status, "Not like this.")


async def test_the_wait_that_the_provider_asks_for_comes_down(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(error(429, retry_after=30), to=MESSAGES)
    with pytest.raises(ApiError) as raised:
        await claude.ask()
    assert raised.value.headers["retry-after"] == "30"


async def test_retries_are_ours_alone(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(error(500), error(429), says("third"), to=MESSAGES)
    completion = await claude.ask(claude.router(model={"retries": {"max": 2}}))
    assert completion.text == "third"
    assert len(upstream.requests) == 3
    assert len(claude.naps.taken) == 2


async def test_one_failure_is_one_request(claude: Claude, upstream: Upstream) -> None:
    for fault in (error(500), error(429), hangs_up()):
        upstream.reply(fault, to=MESSAGES)
        before = len(upstream.requests)
        with pytest.raises(ApiError):
            await claude.ask()
        assert len(upstream.requests) == before + 1


async def test_an_error_page_is_told_in_a_few_words(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(raw(b"<html><h1>Bad gateway</h1></html>", status=502, content_type="text/html"), to=MESSAGES)
    with pytest.raises(ApiError, match="provider 'local' answered 502: Bad gateway") as raised:
        await claude.ask()
    assert raised.value.status == 502


async def test_a_provider_that_cannot_be_reached_is_502_and_its_address_stays_unsaid(claude: Claude) -> None:
    with pytest.raises(ApiError) as raised:
        await claude.ask(claude.router(provider={"base_url": "http://127.0.0.1:9"}))
    assert (raised.value.status, raised.value.code) == (502, "upstream_unreachable")
    assert "127.0.0.1" not in raised.value.message
    assert claude.attempts[0].status is None


async def test_the_key_never_comes_down(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(error(401, f"invalid x-api-key {KEY}"), to=MESSAGES)
    with pytest.raises(ApiError, match="invalid x-api-key") as raised:
        await claude.ask()
    assert KEY not in raised.value.message
    assert KEY not in str(claude.attempts)


@pytest.mark.parametrize("fault", [Broken("out of memory"), CUT])
async def test_a_stream_that_breaks_is_never_a_clean_end(claude: Claude, upstream: Upstream, fault: Any) -> None:
    upstream.reply(says("a", fault), to=MESSAGES)
    with pytest.raises(UpstreamBroke) as broke:
        await claude.chunks()
    assert claude.attempts[0].error == str(broke.value)
    assert "litellm." not in str(broke.value)


@pytest.mark.parametrize("stream", [False, True])
async def test_silence_before_the_answer_ends_in_504(claude: Claude, upstream: Upstream, stream: bool) -> None:
    await claude.ask()
    upstream.reply(never(), to=MESSAGES)
    with pytest.raises(ApiError) as raised:
        await claude.ask(claude.router(provider={"timeout": {"first_byte": "100ms"}}), stream=stream)
    assert (raised.value.status, raised.value.code) == (504, "upstream_timeout")
    await upstream.requests[-1].left.wait()


async def test_silence_in_the_middle_of_a_stream_breaks_it(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(says("a", Gate()), to=MESSAGES)
    with pytest.raises(UpstreamBroke, match=r"fell silent for 0\.1 s"):
        await claude.chunks(claude.router(provider={"timeout": {"idle": "100ms"}}))
    await upstream.requests[0].left.wait()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_before_the_answer_closes_the_upstream_at_once(
    claude: Claude, upstream: Upstream, stream: bool
) -> None:
    upstream.reply(never(), to=MESSAGES)
    call = asyncio.ensure_future(claude.ask(stream=stream))
    received = await upstream.received()
    since = time.monotonic()
    call.cancel()
    await received.left.wait()
    assert received.left.opened_at is not None
    assert received.left.opened_at - since < 1.0
    with pytest.raises(asyncio.CancelledError):
        await call
    assert claude.attempts[0].error == "cancelled by the client"


async def test_a_client_that_leaves_a_stream_closes_the_upstream_at_once(claude: Claude, upstream: Upstream) -> None:
    upstream.reply(says("a", Gate(), "b"), to=MESSAGES)
    async with await claude.open(stream=True) as reply:
        async for chunk in reply:
            if chunk.text:
                break
        since = time.monotonic()
    left = upstream.requests[0].left
    await left.wait()
    assert left.opened_at is not None
    assert left.opened_at - since < 1.0
    assert claude.attempts[0].error == "cancelled by the client"


@pytest.mark.parametrize("field", ["api_base", "api_key", "base_url", "mock_response", "extra_headers", "fallbacks"])
async def test_a_client_cannot_steer_litellm(claude: Claude, upstream: Upstream, field: str) -> None:
    with pytest.raises(BadRequest, match=f"is not given '{field}'") as raised:
        await claude.ask(given=exchange(asking(**{field: "http://evil.example"})))
    assert raised.value.param == field
    assert not upstream.requests


async def test_a_parameter_the_provider_does_not_know_is_an_error_and_not_dropped(claude: Claude) -> None:
    with pytest.raises(ApiError) as raised:
        await claude.ask(given=exchange(request(logit_bias={"50256": -100})))
    assert raised.value.status == 400
    assert "logit_bias" in raised.value.message


async def test_the_trace_and_the_clients_headers_go_up(claude: Claude, upstream: Upstream) -> None:
    await claude.ask(given=with_client_headers({"x-team": "search", "authorization": "Bearer bk-client"}))
    (received,) = upstream.requests
    assert received.header("traceparent") == f"00-{'f' * 32}-0000000000000003-01"
    assert received.header("x-team") == "search"
    assert b"bk-client" not in b"".join(value for _, value in received.headers)


async def test_what_the_api_does_not_know_of_content_is_kept(claude: Claude, upstream: Upstream) -> None:
    content = [{"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}]
    body = json.dumps({"model": "fast", "messages": [{"role": "user", "content": content}]}).encode()
    await claude.ask(given=exchange(ChatCompletionsRequest.read(body)))
    assert upstream.requests[0].json()["messages"][0]["content"] == content


async def test_litellm_says_nothing_on_the_terminal(
    claude: Claude, upstream: Upstream, capfd: pytest.CaptureFixture[str]
) -> None:
    upstream.reply(says("a"), error(500), to=MESSAGES)
    await claude.ask()
    with pytest.raises(ApiError):
        await claude.ask()
    assert capfd.readouterr() == ("", "")
