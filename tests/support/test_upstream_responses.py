"""The scripted provider answers the Responses API as OpenAI does, whole and in events."""

from typing import Any

import aiohttp
import pytest

from tests.support.asking import Session
from tests.support.asking_responses import ASKED, SUMMARY, events, whole
from tests.support.upstream import (
    CUT,
    PING,
    RESPONSES,
    Broken,
    Completion,
    Failed,
    Gate,
    Upstream,
    calls,
    refuses,
    says,
    tool,
    tool_input,
    web_search,
)

MESSAGE = ["output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done"]


def types(found: list[Any]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in found]


def without_names(document: Any) -> Any:
    """The same without the ids, which differ from one answer to the next."""
    if isinstance(document, dict):
        kept = {key: value for key, value in document.items() if key not in {"id", "call_id", "encrypted_content"}}
        return {key: without_names(value) for key, value in kept.items()}
    return [without_names(each) for each in document] if isinstance(document, list) else document


async def test_a_text_is_told_in_the_full_sequence_of_events(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a", "b").citing("https://example.org", "Example"), to=RESPONSES)
    found = await events(client)
    item, part, first, second, annotation, done = *MESSAGE[:3], MESSAGE[2], "output_text.annotation.added", MESSAGE[3]
    assert types(found) == [
        "created",
        "in_progress",
        item,
        part,
        first,
        second,
        annotation,
        done,
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["delta"] for event in found if "delta" in event] == ["a", "b"]
    assert found[-1]["response"]["output"][0] == found[-2]["item"]
    assert found[-2]["item"]["content"][0]["text"] == "ab"


@pytest.mark.parametrize(
    "script",
    [
        says("a", "b").costing(11, 5, cached=3, reasoning=2),
        says("a").citing("https://example.org", "Example").with_items(web_search("b")),
        says("a").and_calls(tool("weather", city="Paris"), tool("time", zone="CET")),
        calls(tool_input("patch", "*** Begin")),
        refuses("No", "."),
        says("a").thinking("I think", " so.").thinking("Yes."),
        says("a").thinking("I think", " so.", shown="text"),
        says("a").thinking("Secret.", shown="sealed"),
        says("a").ending_with("length"),
        says("a", Failed("Out of memory.", code="server_error")),
    ],
)
async def test_the_last_event_holds_what_a_whole_answer_is(
    upstream: Upstream, client: Session, script: Completion
) -> None:
    upstream.reply(script, script, to=RESPONSES)
    document = await whole(client, **SUMMARY)
    found = await events(client, **SUMMARY)
    assert without_names(found[-1]["response"]) == without_names(document)
    assert found[-1]["type"] == f"response.{document['status']}"
    items = [event["item"] for event in found if event["type"] == "response.output_item.done"]
    assert items == found[-1]["response"]["output"]


async def test_deltas_join_to_what_their_done_event_tells(upstream: Upstream, client: Session) -> None:
    script = says("a", "b").thinking("c", "d").and_calls(tool("weather", city="Paris"), tool_input("patch", "text"))
    upstream.reply(script, to=RESPONSES)
    joined: dict[str, str] = {}
    told: dict[str, str] = {}
    for event in await events(client, **SUMMARY):
        kind, _, step = event["type"].rpartition(".")
        if step == "delta":
            joined[kind] = joined.get(kind, "") + event["delta"]
        elif step == "done" and kind in joined:
            told[kind] = next(event[field] for field in ("text", "arguments", "input") if field in event)
    assert joined == told
    assert told["response.reasoning_summary_text"] == "cd"
    assert told["response.custom_tool_call_input"] == "text"


async def test_deltas_are_padded_unless_the_request_declines(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a", "longer"), to=RESPONSES)
    padded = [event for event in await events(client) if "delta" in event]
    assert {(len(event["delta"]) + len(event["obfuscation"])) % 16 for event in padded} == {0}
    bare = await events(client, stream_options={"include_obfuscation": False})
    assert not any("obfuscation" in event for event in bare)


async def test_a_gate_holds_the_first_byte_or_a_stream_between_two_words(upstream: Upstream, client: Session) -> None:
    first, second = Gate(), Gate()
    upstream.reply(says(first, "a", second, PING, "b"), to=RESPONSES)
    async with client.post(RESPONSES, json={**ASKED, "stream": True}) as response:
        await first.reached()
        assert response.content.read_nowait() == b""
        first.open()
        seen = b""
        while b'"delta": "a"' not in seen:
            seen += await response.content.readany()
        second.open()
        assert (await response.read()).startswith(b": ping\n\nevent: response.output_text.delta\n")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_ends_the_connection_in_the_middle(upstream: Upstream, client: Session, stream: bool) -> None:
    upstream.reply(says("a", CUT, "b"), to=RESPONSES)
    async with client.post(RESPONSES, json={**ASKED, "stream": stream}) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_usage_is_told_in_detail(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a").costing(11, 5, cached=3, written=2, reasoning=4), to=RESPONSES)
    assert (await whole(client))["usage"] == {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 16,
    }


async def test_a_summary_of_the_reasoning_is_told_only_when_asked_for(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a").thinking("I think."), to=RESPONSES)
    silent, _ = (await whole(client))["output"]
    assert (silent["type"], silent["summary"]) == ("reasoning", [])
    told, _ = (await whole(client, **SUMMARY))["output"]
    assert told["summary"] == [{"type": "summary_text", "text": "I think."}]
    assert "encrypted_content" not in told
    sealed, _ = (await whole(client, include=["reasoning.encrypted_content"]))["output"]
    assert sealed["encrypted_content"]


async def test_log_probabilities_are_told_when_included(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a", "b"), to=RESPONSES)
    found = await events(client, include=["message.output_text.logprobs"], top_logprobs=1)
    assert [event["logprobs"][0]["token"] for event in found if "delta" in event] == ["a", "b"]
    assert found[-1]["response"]["output"][0]["content"][0]["logprobs"][1]["top_logprobs"][0]["token"] == "b"


async def test_an_error_event_in_mid_stream_ends_it(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a", Broken("out of memory", code="oom"), "b"), to=RESPONSES)
    found = await events(client)
    assert types(found)[-2:] == ["output_text.delta", "error"]
    assert (found[-1]["error"]["message"], found[-1]["error"]["code"]) == ("out of memory", "oom")
    assert (await whole(client))["error"]["message"] == "out of memory"


async def test_what_the_request_set_stands_in_the_response(upstream: Upstream, client: Session) -> None:
    function = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
    document = await whole(
        client,
        instructions="Be brief.",
        metadata={"a": "b"},
        temperature=0.5,
        tools=[function, {"type": "web_search"}],
        tool_choice="none",
        text={"format": {"type": "json_object"}},
    )
    assert (document["instructions"], document["metadata"], document["temperature"]) == ("Be brief.", {"a": "b"}, 0.5)
    assert document["tools"] == [{**function, "description": None, "strict": True}, {"type": "web_search"}]
    assert document["text"]["format"] == {"type": "json_object"}
