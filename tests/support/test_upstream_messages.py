"""The scripted provider answers the Messages API as Anthropic does, errors and counts included."""

import json
from typing import Any

import pytest

from tests.support.asking import ASKED, Session
from tests.support.upstream import COUNT_TOKENS, MESSAGES, Completion, Upstream, error, refuses, says, tool, tool_input

THINKING: dict[str, Any] = {"thinking": {"type": "adaptive"}}
SEARCH: dict[str, Any] = {"type": "server_tool_use", "name": "web_search", "input": {"query": "b"}}


async def whole(client: Session, **asked: Any) -> Any:
    async with client.post(MESSAGES, json={**ASKED, "max_tokens": 9, **asked}) as response:
        return await response.json()


async def events(client: Session, **asked: Any) -> list[Any]:
    async with client.post(MESSAGES, json={**ASKED, "max_tokens": 9, "stream": True, **asked}) as response:
        written = (await response.text()).strip().split("\n\n")
    return [json.loads(event.splitlines()[1].removeprefix("data: ")) for event in written]


def joined(found: list[Any]) -> list[Any]:
    """The content that a client puts together from the events."""
    blocks: list[Any] = []
    arguments: dict[int, str] = {}
    for event in found:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append(dict(event["content_block"]))
        if event["type"] != "content_block_delta":
            continue
        block = blocks[event["index"]]
        match event["delta"]:
            case {"type": "citations_delta", "citation": citation}:
                block["citations"] = [*(block["citations"] or []), citation]
            case {"type": "input_json_delta", "partial_json": piece}:
                arguments[event["index"]] = arguments.get(event["index"], "") + piece
            case {"type": _, **delta}:
                for field, piece in delta.items():
                    block[field] += piece
    for index, written in arguments.items():
        blocks[index]["input"] = json.loads(written)
    return blocks


def without_names(blocks: list[Any]) -> list[Any]:
    return [{k: v for k, v in block.items() if k not in {"id", "signature", "data"}} for block in blocks]


@pytest.mark.parametrize(
    "script",
    [
        says("a", "b").citing("https://example.org", "Example").quoting("Report", "as said", document=1),
        says("a").thinking("I think", " so.").thinking("Secret.", shown="sealed").and_calls(tool("time", zone="CET")),
        says("a").with_items(SEARCH),
        refuses("No", "."),
        says("a").costing(11, 5, cached=3, written=2, reasoning=4),
    ],
)
async def test_the_events_add_up_to_what_a_whole_answer_is(
    upstream: Upstream, client: Session, script: Completion
) -> None:
    upstream.reply(script, script, to=MESSAGES)
    message = await whole(client, **THINKING)
    found = await events(client, **THINKING)
    assert without_names(joined(found)) == without_names(message["content"])
    assert found[-2]["delta"] == {field: message[field] for field in found[-2]["delta"]}
    assert found[-2]["usage"] == {field: message["usage"][field] for field in found[-2]["usage"]}


async def test_thoughts_are_told_when_thinking_is_on_and_shown_unless_omitted(
    upstream: Upstream, client: Session
) -> None:
    upstream.always(says("a").thinking("I think."), to=MESSAGES)
    assert [block["type"] for block in (await whole(client))["content"]] == ["text"]
    assert (await whole(client, **THINKING))["content"][0]["thinking"] == "I think."
    omitted, _ = (await whole(client, thinking={"type": "adaptive", "display": "omitted"}))["content"]
    assert (omitted["thinking"], bool(omitted["signature"])) == ("", True)


@pytest.mark.parametrize("shown", ["summary", "sealed"])
async def test_thoughts_are_taken_back_by_the_upstream_that_signed_them_and_no_other(
    upstream: Upstream, client: Session, shown: Any
) -> None:
    upstream.reply(says("a").thinking("I think.", shown=shown), to=MESSAGES)
    content = (await whole(client, **THINKING))["content"]
    asked = [*ASKED["messages"], {"role": "assistant", "content": content}, {"role": "user", "content": "And now?"}]
    assert (await whole(client, messages=asked))["content"][0]["text"] == "You said: And now?"
    async with Upstream() as other, Session(other.url) as elsewhere:
        await whole(elsewhere, **THINKING)
        assert (await whole(elsewhere, messages=asked))["error"]["message"].startswith("messages.1.content.0: Invalid")


async def test_usage_counts_what_a_cache_held_beside_the_input(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a").costing(11, 5, cached=3, written=2, reasoning=4), to=MESSAGES)
    usage = (await whole(client))["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (6, 3, 2)
    assert (usage["output_tokens"], usage["output_tokens_details"]) == (5, {"thinking_tokens": 4})


async def test_a_refusal_stops_with_its_explanation(upstream: Upstream, client: Session) -> None:
    upstream.reply(refuses("No", "."), to=MESSAGES)
    message = await whole(client)
    assert (message["stop_reason"], message["stop_details"]["explanation"]) == ("refusal", "No.")


async def test_tokens_are_counted_as_a_message_is_charged(client: Session) -> None:
    asked = {**ASKED, "system": "Be brief."}
    async with client.post(COUNT_TOKENS, json=asked) as response:
        assert await response.json() == {"input_tokens": 5}
        assert response.headers["request-id"] == "req_1"
    assert (await whole(client, **asked))["usage"]["input_tokens"] == 5


@pytest.mark.parametrize("stream", [False, True])
async def test_every_answer_has_the_headers_of_anthropic(client: Session, stream: bool) -> None:
    async with client.post(MESSAGES, json={**ASKED, "max_tokens": 9, "stream": stream}) as response:
        assert response.headers["request-id"] == "req_1"
        assert response.headers["anthropic-organization-id"]
        assert response.headers["anthropic-ratelimit-requests-remaining"] == "999"


@pytest.mark.parametrize("path", [MESSAGES, COUNT_TOKENS])
async def test_every_error_has_the_shape_and_the_headers_of_anthropic(path: str) -> None:
    async with Upstream(key="right") as upstream, Session(upstream.url, headers={"x-api-key": "right"}) as client:
        upstream.reply(error(429, headers={"anthropic-ratelimit-requests-remaining": "0"}), to=path)
        kinds = []
        for headers, sent in (
            ({"x-api-key": "wrong"}, b"{}"),
            ({}, b"{}"),
            ({}, b"{"),
            ({}, b"[]"),
            ({}, b'{"model": "m"}'),
        ):
            async with client.post(path, data=sent, headers=headers) as response:
                refused = await response.json()
                assert refused["type"] == "error"
                assert refused["request_id"] == response.headers["request-id"]
                kinds.append((response.status, refused["error"]["type"]))
                left = response.headers.getall("anthropic-ratelimit-requests-remaining")
                assert left == (["0"] if response.status == 429 else ["999"])
    wrong_request = (400, "invalid_request_error")
    assert kinds == [(401, "authentication_error"), (429, "rate_limit_error"), *[wrong_request] * 3]


async def test_a_script_that_messages_cannot_tell_fails_the_test() -> None:
    async def run() -> None:
        async with Upstream() as upstream, Session(upstream.url) as client:
            upstream.reply(says("a").and_calls(tool_input("patch", "text")), to=MESSAGES)
            await whole(client)

    with pytest.raises(ExceptionGroup) as raised:
        await run()
    assert raised.group_contains(ValueError, match="'patch' takes free text")
