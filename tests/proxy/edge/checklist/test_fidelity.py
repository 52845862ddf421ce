"""What the client says and what the model says arrive as they were said. Checklist items 1, 20, 21, 27, 28, 34."""

import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import Answer, Proxy
from tests.support.upstream import Raw, Upstream, calls, choices, document, raw, refuses, says, tool

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

# Numbers, escapes, spaces, order and fields that no JSON library would write in just this way.
ODD = (
    b'{ "temperature":1.0, "zeta" : {"b":1e3,"a":-0},\n "messages": [ {"role":"user", '
    b'"content":"h\\u00e9 \\/ \\ud83d\\ude00", "x-unknown":[1,2,3.10] } ], "model":"small-instruct",'
    b'"seed":12345678901234567890, "empty":{}, "none":null%s }'
)
WITHOUT_ALIAS: dict[str, Any] = {
    "models": {"small-instruct": {"provider": "local", "model": "small-instruct"}},
    "agent": {"models": {"default": "small-instruct"}},
}


async def test_item_01_a_request_that_no_step_changed_goes_up_byte_equal(upstream: Upstream, start: Start) -> None:
    proxy = await start(**WITHOUT_ALIAS)
    await proxy.post(ODD % b"")
    assert upstream.requests[0].body == ODD % b""


async def test_item_01_a_stream_that_asks_for_usage_goes_up_byte_equal(upstream: Upstream, start: Start) -> None:
    proxy = await start(**WITHOUT_ALIAS)
    await proxy.post(ODD % b', "stream":true, "stream_options": {"include_usage":true}')
    assert upstream.requests[0].body == ODD % b', "stream":true, "stream_options": {"include_usage":true}'


async def test_item_01_steps_that_only_look_leave_every_byte(upstream: Upstream, start: Start) -> None:
    proxy = await start(
        models=WITHOUT_ALIAS["models"],
        agent={**WITHOUT_ALIAS["agent"], "middleware": ["variant_routing", "tool_outcomes"]},
    )
    await proxy.post(ODD % b"")
    assert upstream.requests[0].body == ODD % b""


async def test_item_01_of_a_request_for_another_name_of_the_model_only_the_name_changes(
    upstream: Upstream, proxy: Proxy
) -> None:
    asked = ODD.replace(b'"small-instruct"', b'"small"') % b""
    await proxy.post(asked)
    sent = upstream.requests[0].body
    assert json.loads(sent) == {**json.loads(asked), "model": "small-instruct"}
    assert list(json.loads(sent)) == list(json.loads(asked))
    for kept in (b'{"b":1e3,"a":-0}', b'"h\\u00e9 \\/ \\ud83d\\ude00"', b"12345678901234567890", b"[1,2,3.10]"):
        assert kept in sent


async def test_item_01_an_answer_comes_down_byte_equal(upstream: Upstream, proxy: Proxy) -> None:
    said = b'{"id":"x", "choices":[ {"message":{"content":"\\u00e9","odd":1.50}} ],"unknown": {"deep":[1e2]} }'
    upstream.reply(raw(said, content_type="application/json"))
    assert (await proxy.chat()).body == said


async def test_item_01_unknown_fields_of_a_stream_come_down(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("a").with_fields(service_tier="flex", x_groq={"id": "1"}))
    events = (await proxy.chat(stream=True)).events
    assert all(event["service_tier"] == "flex" and event["x_groq"] == {"id": "1"} for event in events)


@STREAMS
async def test_item_20_store_false_goes_up_unchanged(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    await proxy.chat(store=False, stream=stream)
    assert upstream.requests[0].json()["store"] is False


ODD_TOOLS = [
    {"type": "custom", "custom": {"name": "shell", "format": {"type": "grammar", "grammar": {"syntax": "lark"}}}},
    {"type": "web_search_preview", "user_location": {"type": "approximate"}},
    {"type": "function", "function": {"name": "f", "parameters": {}, "strict": True}, "x": 1},
]


@STREAMS
async def test_item_21_tools_of_unknown_type_go_up_untouched(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(agent={"middleware": ["variant_routing", "tool_outcomes"]})
    upstream.reply(says("ok"))
    answer = await proxy.chat(tools=ODD_TOOLS, tool_choice="auto", stream=stream)
    assert answer.text == "ok"
    assert upstream.requests[0].json()["tools"] == ODD_TOOLS


CUSTOM_CALL = {"id": "call_1", "type": "custom", "custom": {"name": "shell", "input": "ls -l"}}


async def test_item_21_a_call_of_unknown_type_comes_down_untouched(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": ["tool_outcomes"]})
    message = {"role": "assistant", "content": None, "tool_calls": [CUSTOM_CALL]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    upstream.reply(document({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]}))
    answer = await proxy.chat()
    assert answer.json()["choices"][0]["message"]["tool_calls"] == [CUSTOM_CALL]
    (run,) = await proxy.recorded()
    assert (run.outcome, json.loads(run.answer or "")) == ("ok", answer.json())


async def test_item_21_a_streamed_call_of_unknown_type_is_recorded_whole(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": ["tool_outcomes"]})
    deltas: list[dict[str, Any]] = [
        {"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "shell", "input": ""}},
        {"index": 0, "custom": {"input": "ls"}},
        {"index": 0, "custom": {"input": " -l"}},
    ]
    events = [
        json.dumps({"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [delta]}}]})
        for delta in deltas
    ]
    upstream.reply(says(*(Raw(f"data: {event}\n\n".encode()) for event in events)).ending_with("tool_calls"))
    answer = await proxy.chat(stream=True)
    seen = [c["delta"]["tool_calls"][0] for e in answer.events for c in e["choices"] if c["delta"].get("tool_calls")]
    assert seen == deltas
    (run,) = await proxy.recorded()
    assert json.loads(run.answer or "")["choices"][0]["message"]["tool_calls"] == [CUSTOM_CALL]


SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": {"type": "object", "b": 1.0}}}
EDITED: dict[str, Any] = {
    "variants": {"terse": {"instructions": {"append": ["Be brief."]}, "sampling": {"temperature": 0}}},
    "middleware": [{"variant_routing": {"policy": {"fixed": "terse"}}}],
}


@STREAMS
async def test_item_27_response_format_survives_edits_of_the_request(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent=EDITED)
    asked = json.dumps({"model": "small", "messages": [{"role": "user", "content": "?"}], "stream": stream})
    schema = json.dumps(SCHEMA, separators=(" ,", " : "))
    await proxy.post((asked[:-1] + f', "response_format": {schema}}}').encode())
    sent = upstream.requests[0]
    assert sent.json()["temperature"] == 0
    assert sent.json()["response_format"] == SCHEMA
    assert schema.encode() in sent.body


CONVERSATION: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be kind."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file-1"}},
        ],
    },
    {"role": "assistant", "content": None, "audio": {"id": "audio_1"}, "name": "it"},
    {"role": "user", "content": "And now?", "name": "Ada"},
]


@STREAMS
async def test_item_28_parts_images_and_the_developer_role_survive_injection(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await start(agent=EDITED)
    await proxy.chat(*CONVERSATION, stream=stream)
    first, *others = upstream.requests[0].json()["messages"]
    assert first == {"role": "developer", "content": "Be kind.\n\nBe brief."}
    assert others == CONVERSATION[1:]


async def test_item_28_instructions_join_a_system_message_made_of_parts(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=EDITED)
    part = {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}
    await proxy.chat({"role": "system", "content": [part]}, "hello")
    system = upstream.requests[0].json()["messages"][0]
    assert system == {"role": "system", "content": [part, {"type": "text", "text": "Be brief."}]}


async def test_item_28_instructions_stand_alone_where_the_agent_has_none(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=EDITED)
    await proxy.chat("hello")
    assert upstream.requests[0].json()["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]


def _merged(answer: Answer) -> list[dict[str, Any]]:
    """The choices of a stream as a client's library puts them together."""
    merged: dict[int, dict[str, Any]] = {}
    for event in answer.events:
        for choice in event["choices"]:
            into = merged.setdefault(choice["index"], {"logprobs": [], "finish_reason": None})
            for key, value in choice["delta"].items():
                if isinstance(value, str | list) and key in into and key != "role":
                    into[key] = into[key] + value
                elif value is not None:
                    into[key] = value
            into["logprobs"] += (choice.get("logprobs") or {}).get("content") or []
            into["finish_reason"] = choice["finish_reason"] or into["finish_reason"]
    return [merged[index] for index in sorted(merged)]


async def test_item_34_several_choices_with_logprobs_come_down_and_are_recorded(
    upstream: Upstream, proxy: Proxy
) -> None:
    spoken = choices(says("one ", "a"), says("two ", "bb"), says("three ", "ccc"))
    upstream.always(spoken)
    asked: dict[str, Any] = {"n": 3, "seed": 7, "logprobs": True, "top_logprobs": 1}
    whole, streamed = await proxy.chat(**asked), await proxy.chat(**asked, stream=True)

    for request in upstream.requests:
        assert {key: request.json()[key] for key in asked} == asked
    said = [choice["message"]["content"] for choice in whole.json()["choices"]]
    assert said == ["one a", "two bb", "three ccc"]
    assert [choice["content"] for choice in _merged(streamed)] == said
    logprobs = [choice["logprobs"]["content"] for choice in whole.json()["choices"]]
    assert [choice["logprobs"] for choice in _merged(streamed)] == logprobs

    recorded = [json.loads(run.answer or "") for run in await proxy.recorded(2)]
    for answer in recorded:
        assert [choice["message"]["content"] for choice in answer["choices"]] == said
        assert [choice["logprobs"]["content"] for choice in answer["choices"]] == logprobs


@STREAMS
async def test_item_34_a_refusal_is_kept(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    upstream.reply(refuses("I can", "not."))
    answer = await proxy.chat(stream=stream)
    if stream:
        assert _merged(answer)[0]["refusal"] == "I cannot."
    else:
        assert answer.json()["choices"][0]["message"]["refusal"] == "I cannot."
    (run,) = await proxy.recorded()
    assert json.loads(run.answer or "")["choices"][0]["message"]["refusal"] == "I cannot."


@STREAMS
async def test_item_34_annotations_are_kept(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    upstream.reply(says("See ", "there.").citing("https://example.org", "Example"))
    answer = await proxy.chat(stream=stream)
    found = _merged(answer)[0] if stream else answer.json()["choices"][0]["message"]
    assert found["annotations"][0]["url_citation"]["url"] == "https://example.org"
    (run,) = await proxy.recorded()
    recorded = json.loads(run.answer or "")["choices"][0]["message"]
    assert recorded["annotations"] == found["annotations"]


@STREAMS
async def test_item_34_a_call_beside_text_is_kept(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    upstream.reply(says("Let me look.").and_calls(tool("look", at="sky")))
    answer = await proxy.chat(stream=stream)
    assert answer.text == "Let me look."
    (run,) = await proxy.recorded()
    message = json.loads(run.answer or "")["choices"][0]["message"]
    assert message["content"] == "Let me look."
    assert message["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"at": "sky"}'}
    assert run.finish_reasons == ("tool_calls",)


async def test_item_34_calls_alone_have_null_content(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(calls(tool("look", at="sky")))
    await proxy.chat(stream=True)
    (run,) = await proxy.recorded()
    assert json.loads(run.answer or "")["choices"][0]["message"]["content"] is None
