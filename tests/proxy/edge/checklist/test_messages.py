"""`/v1/messages`, before a provider that speaks it and before those that do not. Checklist items 31–33."""

import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import Way, to
from tests.proxy.wire.messages.sequence import check, events_in
from tests.support.proxy import Proxy
from tests.support.speaking import MESSAGES
from tests.support.upstream import Broken, Gate, Upstream, error, says, tool, with_headers
from tests.support.wire import connected

EVERY_WAY = pytest.mark.parametrize("way", to(MESSAGES), ids=str)
NATIVE = Way(MESSAGES, MESSAGES)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
PATH = MESSAGES.path


@EVERY_WAY
async def test_item_31_text_and_tools_come_in_order(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream)
    asked = (tool("weather", id="call_a", city="Paris"), tool("time", id="call_b", zone="CET"))
    line.reply(says("Let me ", "see.").and_calls(*asked).costing(7, 3))
    answer = await line.ask(tools=["weather", "time"], stream=True)
    events = events_in(answer.body)
    check(events)
    blocks = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert blocks == ["text", "tool_use", "tool_use"]
    told = MESSAGES.told(answer)
    assert (told.text, told.finish_reason, told.usage) == ("Let me see.", "tool_calls", (7, 3))
    assert told.calls == (("call_a", "weather", {"city": "Paris"}), ("call_b", "time", {"zone": "CET"}))


async def test_item_31_the_providers_pings_pass(upstream: Upstream, start: Start) -> None:
    line = await NATIVE.open(start, upstream)
    line.reply(says("a"))
    events = events_in((await line.ask(stream=True)).body)
    assert [event["type"] for event in events][:2] == ["message_start", "ping"]


@EVERY_WAY
async def test_item_31_a_silent_stream_is_kept_open_by_pings_of_this_api(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream, server={"ping": 0.02})
    gate = Gate()
    line.reply(says("a", gate, "b"))
    async with connected(line.proxy.port) as wire:
        wire.ask(MESSAGES.asking(stream=True), target=PATH)
        await wire.head()
        frames: list[bytes] = []
        while not frames or not frames[-1].startswith(b"event: ping") or b'"a"' not in b"".join(frames):
            frames.append(await wire.frame())
        gate.open()
        frames += await wire.frames()
    check(events_in(b"".join(frames)))


async def test_item_31_thinking_and_its_signature_pass_whole_and_streamed(upstream: Upstream, start: Start) -> None:
    line = await NATIVE.open(start, upstream)
    for stream in (False, True):
        line.reply(says("yes").thinking("Hm", "mm."))
        asked = MESSAGES.asking(stream=stream, thinking={"type": "enabled", "budget_tokens": 1024})
        answer = await line.proxy.post(asked, path=PATH)
        assert b"signature" in answer.body
        assert b"thinking" in answer.body


async def test_item_31_signed_thinking_stays_with_the_upstream_that_signed_it(upstream: Upstream, start: Start) -> None:
    async with Upstream(apis={"messages"}) as other:
        upstream.apis = {"messages"}
        proxy = await start(
            providers={
                "local": {"base_url": upstream.base_url, "apis": ["messages"]},
                "other": {"base_url": other.base_url, "apis": ["messages"]},
            },
            models={
                "small": {"provider": "local", "model": "small-instruct"},
                "large": {"provider": "other", "model": "large-instruct"},
            },
            agent={
                "models": {"default": "small"},
                "variants": {"base": {}, "moved": {"model": "large"}},
                "middleware": [
                    {"variant_routing": {"policy": {"weighted": {"base": 1, "moved": 1}}, "sticky": "call"}}
                ],
            },
        )
        for each in (upstream, other):
            each.always(says("yes").thinking("Hm."), to=PATH)
        thinks = {"model": "small", "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
        for turn in range(20):
            said: list[Any] = [{"role": "user", "content": f"question {turn}"}]
            first = await proxy.post({**thinks, "messages": said}, path=PATH)
            said += [{"role": "assistant", "content": first.json()["content"]}, {"role": "user", "content": "and?"}]
            second = await proxy.post({**thinks, "messages": said}, path=PATH)
            assert second.status == 200, second.body
            assert second.variant == first.variant
        assert upstream.requests
        assert other.requests


async def test_item_31_cache_control_images_and_documents_go_up_as_they_came(upstream: Upstream, start: Start) -> None:
    line = await NATIVE.open(start, upstream)
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    paper = {
        "type": "document",
        "source": {"type": "url", "url": "https://example.com/a.pdf"},
        "citations": {"enabled": True},
    }
    text = {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    body = json.dumps(
        {
            "model": "small-instruct",
            "max_tokens": 9,
            "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": [picture, paper, text]}],
            "new_field": 1.0,
        },
        indent=1,
    ).encode()
    assert (await line.proxy.post(body, path=PATH)).status == 200
    assert upstream.requests[0].body == body


@EVERY_WAY
async def test_item_32_tokens_are_counted_by_the_provider_or_estimated(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    asked = {"model": "small", "messages": [{"role": "user", "content": "How many tokens are these?"}]}
    answer = await line.proxy.post(asked, path=f"{PATH}/count_tokens")
    assert answer.status == 200
    assert answer.json()["input_tokens"] > 0
    assert ("x-burnish-estimate" in answer.headers) == way.converts
    (run,) = await line.proxy.recorded()
    assert (run.operation, run.outcome, run.usage) == ("count_tokens", "ok", None)
    if not way.converts:
        assert upstream.requests[0].path == "/v1/messages/count_tokens"
        assert upstream.requests[0].json()["model"] == "small-instruct"


async def test_a_user_is_one_person_whether_they_ask_or_count_and_in_every_session(proxy: Proxy) -> None:
    asked = MESSAGES.asking("hello")
    account = "user_u1_account_a1_session_"
    for path, session in (
        (PATH, "0f8b6c1e-6f0e-4d0a-9a57-0d4d6f2c9b11"),
        (f"{PATH}/count_tokens", "0f8b6c1e-6f0e-4d0a-9a57-0d4d6f2c9b11"),
        (f"{PATH}/count_tokens", "9d3f1f8e-2b1c-4a60-8f0e-6a1f0d9b7c55"),
    ):
        assert (await proxy.post({**asked, "metadata": {"user_id": account + session}}, path=path)).status == 200
    await proxy.post({**asked, "metadata": {"user_id": "user_u2_account_a2"}}, path=f"{PATH}/count_tokens")
    asking, counting, later, other = await proxy.recorded(4)
    assert asking.user == counting.user == later.user
    assert asking.user is not None
    assert other.user not in (None, asking.user)


async def test_item_32_an_estimate_learns_from_what_the_provider_counted(upstream: Upstream, start: Start) -> None:
    line = await to(MESSAGES)[1].open(start, upstream)
    asked = MESSAGES.asking("How many tokens are these, when each of them is a word of some length?")

    async def estimate() -> int:
        counting = {name: value for name, value in asked.items() if name != "max_tokens"}
        return int((await line.proxy.post(counting, path=f"{PATH}/count_tokens")).json()["input_tokens"])

    before = await estimate()
    for _ in range(200):
        line.reply(says("ok").costing(500, 1))
        await line.proxy.post(asked, path=PATH)
    assert abs(await estimate() - 500) < abs(before - 500) / 2


async def test_item_32_anthropic_headers_go_up_and_come_down(upstream: Upstream, start: Start) -> None:
    line = await NATIVE.open(start, upstream)
    limits = (("anthropic-ratelimit-tokens-remaining", "99"), ("anthropic-organization-id", "org"))
    upstream.reply(with_headers(says("a"), *limits), says("b"), to=PATH)
    sent = {"anthropic-version": "2099-01-01", "anthropic-beta": "new-thing-1"}
    answer = await line.ask(headers=sent)
    await line.ask()
    first, second = upstream.requests
    assert {name: first.header(name) for name in sent} == sent
    assert answer.headers["anthropic-ratelimit-tokens-remaining"] == "99"
    assert "anthropic-organization-id" not in answer.headers
    # A client that says nothing of versions still reaches a provider that insists on one.
    assert second.header("anthropic-version") == "2023-06-01"
    assert answer.headers["request-id"] == answer.run_id


@pytest.mark.parametrize(
    ("name", "value"), [("authorization", "Bearer {}"), ("x-api-key", "{}")], ids=["bearer", "x-api-key"]
)
async def test_item_32_both_credential_headers_are_one_authorisation(
    upstream: Upstream, start: Start, name: str, value: str
) -> None:
    line = await NATIVE.open(start, upstream, provider={"api_key": "the-providers-own"})
    good, bad = value.format(line.proxy.key), value.format("bn-unknown")
    async with line.proxy.client.post(line.proxy.url + PATH, json=MESSAGES.asking(), headers={name: good}) as answer:
        assert answer.status == 200
    async with line.proxy.client.post(line.proxy.url + PATH, json=MESSAGES.asking(), headers={name: bad}) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"]["type"] == "authentication_error"
    (request,) = upstream.requests
    assert request.header("x-api-key") == "the-providers-own"
    assert request.header("authorization") is None


def assert_shape(document: Any, type: str) -> None:
    """Source: https://docs.anthropic.com/en/api/errors."""
    assert document["type"] == "error"
    assert document["error"]["type"] == type
    assert document["error"]["message"]
    assert document["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "type"),
    [
        ("POST", PATH, b"{}", {"authorization": "Bearer no"}, 401, "authentication_error"),
        ("POST", PATH, b"{", {}, 400, "invalid_request_error"),
        ("POST", PATH, b"{}", {}, 400, "invalid_request_error"),
        ("POST", PATH, b'"\xff"', {}, 400, "invalid_request_error"),
        ("POST", PATH, b" " * 600_000, {}, 413, "request_too_large"),
        ("POST", PATH, b"{}", {"content-encoding": "gzip"}, 415, "invalid_request_error"),
        ("DELETE", PATH, b"", {}, 405, "invalid_request_error"),
        ("POST", f"/agents/other{PATH}", b"{}", {}, 403, "permission_error"),
        ("POST", f"{PATH}/count_tokens", b"{", {}, 400, "invalid_request_error"),
        ("GET", f"{PATH}/batches", b"", {"authorization": "Bearer no"}, 401, "authentication_error"),
        (
            "GET",
            "/v1/models",
            b"",
            {"authorization": "Bearer no", "anthropic-version": "2023-06-01"},
            401,
            "authentication_error",
        ),
        ("GET", "/v1/models/none", b"", {"anthropic-version": "2023-06-01"}, 404, "not_found_error"),
        ("GET", "/nowhere", b"", {"anthropic-version": "2023-06-01"}, 404, "not_found_error"),
    ],
)
async def test_item_33_errors_of_our_own_have_the_anthropic_shape(
    upstream: Upstream,
    start: Start,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    type: str,
) -> None:
    line = await NATIVE.open(start, upstream, server={"max_body": "512KiB"})
    named = {"authorization": f"Bearer {line.proxy.key}", **headers}
    async with line.proxy.client.request(method, line.proxy.url + path, data=body or None, headers=named) as answer:
        assert answer.status == status
        assert_shape(await answer.json(), type)
        assert answer.headers["x-burnish-run-id"]
    assert upstream.requests == []


@EVERY_WAY
@STREAMS
@pytest.mark.parametrize(
    ("status", "type"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
async def test_item_33_errors_of_the_provider_have_the_anthropic_shape(
    upstream: Upstream, start: Start, way: Way, stream: bool, status: int, type: str
) -> None:
    line = await way.open(start, upstream)
    line.reply(error(status, message="Not this time."))
    answer = await line.ask(stream=stream)
    assert answer.status == status
    assert_shape(answer.json(), type)
    assert answer.json()["error"]["message"] == "Not this time."


@EVERY_WAY
async def test_item_33_a_stream_that_breaks_ends_in_an_error_of_the_anthropic_shape(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("half", Broken("The model fell over.")))
    events = events_in((await line.ask(stream=True)).body)
    check(events, ending="error")
    assert "The model fell over." in events[-1]["error"]["message"]


async def test_item_33_limits_and_breakers_have_the_anthropic_shape(upstream: Upstream, start: Start) -> None:
    line = await NATIVE.open(start, upstream, agent={"limits": {"rpm": 1}})
    await line.ask()
    answer = await line.ask()
    assert answer.status == 429
    assert_shape(answer.json(), "rate_limit_error")
    assert int(answer.headers["retry-after"]) > 0


async def test_anthropics_clients_may_list_the_models(proxy: Proxy) -> None:
    answer = await proxy.get("/v1/models", headers={"anthropic-version": "2023-06-01"})
    (model,) = answer.json()["data"]
    assert (model["type"], model["id"], model["display_name"]) == ("model", "small", "small")
    assert answer.json()["has_more"] is False
