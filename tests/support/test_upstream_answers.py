"""The scripted provider writes what it is told in the shape of the API that asked."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.support.asking import ASKED, Session, chunks, deltas, whole
from tests.support.upstream import CHAT, MESSAGES, Reply, Upstream, calls, choices, error, refuses, says, tool


async def test_a_scripted_text_is_a_document_or_a_stream_as_the_request_asks(
    upstream: Upstream, client: Session
) -> None:
    upstream.reply(says("a", "b"), says("a", "b"))
    message = (await whole(client))["choices"][0]["message"]
    assert (message["role"], message["content"]) == ("assistant", "ab")
    events = await chunks(client)
    assert deltas(events, "content") == ["a", "b"]
    assert [event["choices"][0]["finish_reason"] for event in events] == [None, None, None, "stop"]


async def test_a_stream_tells_its_usage_only_when_asked_and_then_last(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a").costing(prompt=7, completion=5))
    assert all("usage" not in event for event in await chunks(client))
    *others, last = await chunks(client, stream_options={"include_usage": True})
    assert [event["usage"] for event in others] == [None] * 3
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 12


async def test_parallel_calls_interleave_and_each_argument_string_is_split(upstream: Upstream, client: Session) -> None:
    upstream.reply(calls(tool("here", id="one", city="Paris"), tool("there", city="Rome")))
    streamed = [call for delta in deltas(await chunks(client), "tool_calls") for call in delta]
    assert [call["index"] for call in streamed] == [0, 1, 0, 1, 0, 1, 0, 1]
    assert [call["id"] for call in streamed if "id" in call] == ["one", "call_1_0_1"]
    for index, city in enumerate(["Paris", "Rome"]):
        pieces = [call["function"]["arguments"] for call in streamed if call["index"] == index]
        assert len(pieces) == 4
        assert json.loads("".join(pieces)) == {"city": city}


async def test_n_choices_logprobs_refusals_citations_and_unknown_fields_are_written(
    upstream: Upstream, client: Session
) -> None:
    upstream.always(
        choices(says("a").citing("https://example.org", "Example"), refuses("No.")).with_fields(shade="blue")
    )
    answer = await whole(client, n=3, logprobs=True, top_logprobs=1)
    first, second, third = answer["choices"]
    assert answer["shade"] == "blue"
    assert first["message"]["annotations"][0]["url_citation"]["title"] == "Example"
    assert first["logprobs"]["content"][0]["top_logprobs"][0]["token"] == "a"
    assert (second["message"]["content"], second["message"]["refusal"]) == (None, "No.")
    assert third["message"] == first["message"]

    events = await chunks(client, n=2)
    assert deltas(events, "content") == ["a"]
    assert deltas(events, "refusal") == ["No."]
    assert deltas(events, "annotations")[0][0]["type"] == "url_citation"
    assert {event["shade"] for event in events} == {"blue"}


async def test_an_error_has_the_shape_of_its_api_and_the_headers_it_is_given(
    upstream: Upstream, client: Session
) -> None:
    limited = error(429, retry_after=1.5, headers={"x-ratelimit-remaining-requests": "0"})
    upstream.reply(limited)
    upstream.reply(limited, to=MESSAGES)
    async with client.post(CHAT, json=ASKED) as response:
        assert response.status == 429
        assert response.headers["retry-after"] == "1.5"
        assert response.headers["x-ratelimit-remaining-requests"] == "0"
        assert (await response.json())["error"]["code"] == "rate_limit_exceeded"
    async with client.post(MESSAGES, json=ASKED) as response:
        assert (await response.json())["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize(
    "reply",
    [lambda: says("a", "b"), lambda: says("a").and_calls(tool("weather", id="x", city="Paris"))],
    ids=["text", "tool"],
)
async def test_the_messages_api_gives_the_same_whole_and_streamed(
    upstream: Upstream, client: Session, reply: Callable[[], Reply]
) -> None:
    upstream.reply(reply(), reply(), to=MESSAGES)
    async with client.post(MESSAGES, json=ASKED) as response:
        message = await response.json()
    async with client.post(MESSAGES, json={**ASKED, "stream": True}) as response:
        lines = (await response.text()).splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert names == [event["type"] for event in events]
    assert (names[0], names[-2], names[-1]) == ("message_start", "message_delta", "message_stop")

    blocks: list[dict[str, Any]] = []
    arguments = ""
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append(event["content_block"])
        elif event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
            blocks[-1]["text"] += event["delta"]["text"]
        elif event["type"] == "content_block_delta":
            arguments += event["delta"]["partial_json"]
            blocks[-1]["input"] = json.loads(arguments) if arguments.endswith("}") else {}
    assert blocks == message["content"]
    assert events[-2]["delta"]["stop_reason"] == message["stop_reason"]


async def test_models_and_embeddings_are_served(upstream: Upstream, client: Session) -> None:
    async with client.get("/v1/models") as response:
        assert [model["id"] for model in (await response.json())["data"]] == ["small-instruct"]
    async with client.get("/v1/models/unknown") as response:
        assert response.status == 404
    vectors = []
    for asked in ("a b", ["a b", "c"], [1, 2], [[1, 2]]):
        async with client.post("/v1/embeddings", json={"model": "e", "input": asked, "dimensions": 3}) as response:
            vectors.append([each["embedding"] for each in (await response.json())["data"]])
    assert [len(each) for each in vectors] == [1, 2, 1, 1]
    assert vectors[0][0] == vectors[1][0] != vectors[1][1]
    assert vectors[2] == vectors[3]
    async with client.post(
        "/v1/embeddings", json={"model": "e", "input": "a", "encoding_format": "base64"}
    ) as response:
        assert isinstance((await response.json())["data"][0]["embedding"], str)


async def test_any_other_route_echoes_what_was_sent(upstream: Upstream, client: Session) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"\x00\x01", filename="data.bin")
    async with client.post("/v1/files?purpose=x", data=form) as response:
        assert response.headers["x-echo-target"] == "/v1/files?purpose=x"
        assert response.content_type == "multipart/form-data"
        assert b"\x00\x01" in await response.read()
