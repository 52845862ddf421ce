"""Calls of tools that an upstream knew only as functions, told as calls of what the client offered."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.convert.answer import StreamConverter, convert_answer
from proxy.wire.convert.requests.tools import Offered, flat_name
from tests.proxy.wire.answers import cut
from tests.proxy.wire.convert.chunks import call, chunk
from tests.proxy.wire.convert.order import check_responses, parsed
from tests.proxy.wire.convert.speaking import SPEECH, streamed

FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}
ASKED = json.dumps(
    {
        "model": "any",
        "input": "Hi",
        "tools": [
            FUNCTION,
            {"type": "custom", "name": "patch"},
            {"type": "namespace", "name": "crm", "description": "Customers", "tools": [{**FUNCTION, "name": "find"}]},
            {"type": "tool_search", "execution": "client", "description": "", "parameters": {}},
        ],
    }
).encode()


def told(*events: bytes, asked: bytes = ASKED, **given: Any) -> dict[str, Any]:
    """The only item of the response."""
    converter = StreamConverter("chat", "responses", asked=asked, id="0f", created=1, **given)
    stream = parsed([*(event for each in events for event in converter.feed(each)), *converter.end()])
    check_responses(stream)
    (item,) = stream[-1]["response"]["output"]
    return dict(item)


@given(st.data(), st.text())
def test_a_custom_tools_input_streams_as_the_free_text_it_is(data: st.DataObject, text: str) -> None:
    arguments = json.dumps(
        {"input": text}, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from([None, 1]))
    )
    pieces = data.draw(pieces_of(arguments))
    item = told(call(0, id="a", name="patch"), *(call(0, piece) for piece in pieces), chunk({}, "tool_calls"))
    assert (item["type"], item["call_id"], item["name"], item["input"]) == ("custom_tool_call", "a", "patch", text)


@st.composite
def pieces_of(draw: st.DrawFn, text: str) -> list[str]:
    return list(cut(draw, text))


def test_free_text_is_told_as_soon_as_it_comes() -> None:
    converter = StreamConverter("chat", "responses", asked=ASKED, id="0f", created=1)
    converter.feed(call(0, id="a", name="patch"))
    said = [
        [event["delta"] for event in parsed(converter.feed(call(0, piece)))]
        for piece in ('{ "inp', 'ut": "*** Be', "gin\\", "nPatch \\ud83d", '\\ude00"', "}")
    ]
    assert said == [[], ["*** Be"], ["gin"], ["\nPatch "], ["\U0001f600"], []]


@pytest.mark.parametrize("arguments", ["*** Begin Patch", '{"patch": "x"}', '{"input": 7}', "{", ""])
def test_free_text_that_was_not_put_into_an_object_is_told_as_it_is(arguments: str) -> None:
    events = [call(0, id="a", name="patch"), *(call(0, piece) for piece in arguments), chunk({}, "length")]
    assert told(*events)["input"] == arguments


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input": "so', "so"),
        ('{"input": "C:\\path"}', "C:\\path"),
        ('{"input": "a\nb"}', "a\nb"),
        ('{"input": "\\u12', "\\u12"),
    ],
    ids=["cut", "a backslash that escapes nothing", "a bare line break", "half an escape"],
)
def test_free_text_in_broken_json_is_told_as_far_as_it_can_be_read(arguments: str, text: str) -> None:
    events = [call(0, id="a", name="patch"), *(call(0, piece) for piece in arguments), chunk({}, "length")]
    assert told(*events)["input"] == text


def test_a_tool_in_a_namespace_is_called_there() -> None:
    item = told(call(0, "{}", id="a", name="crm__find"), chunk({}, "tool_calls"))
    assert (item["type"], item["namespace"], item["name"]) == ("function_call", "crm", "find")


def test_a_search_for_tools_is_the_clients_to_make() -> None:
    item = told(call(0, '{"query": "crm"}', id="a", name="tool_search"), chunk({}, "tool_calls"))
    assert (item["type"], item["execution"], item["call_id"]) == ("tool_search_call", "client", "a")
    assert item["arguments"] == {"query": "crm"}


def test_a_function_stays_one() -> None:
    item = told(call(0, "{}", id="a", name="f"), chunk({}, "tool_calls"))
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", "f", "{}")


def test_a_name_too_long_for_the_upstream_comes_back_in_full() -> None:
    name = "look_up_" * 12
    asked = json.dumps({"model": "any", "max_tokens": 9, "messages": [], "tools": [{"name": name, "input_schema": {}}]})
    (event,) = [
        event
        for event in parsed(streamed([call(0, "{}", id="a", name=flat_name(name))], "chat", "messages", asked.encode()))
        if event["type"] == "content_block_start"
    ]
    assert event["content_block"]["name"] == name


def test_the_tools_of_an_earlier_request_may_be_given() -> None:
    tools = {"patch": Offered("patch", None, "custom")}
    asked = b'{"model":"any","input":"Go on","previous_response_id":"resp_1"}'
    item = told(call(0, '{"input": "x"}', id="a", name="patch"), asked=asked, tools=tools)
    assert (item["type"], item["input"]) == ("custom_tool_call", "x")


@pytest.mark.parametrize("stream", [False, True])
def test_a_custom_tool_of_chat_comes_back_as_one(stream: bool) -> None:
    asked = b'{"model":"any","messages":[],"tools":[{"type":"custom","custom":{"name":"patch"}}]}'
    block = {"type": "tool_use", "id": "a", "name": "patch", "input": {"input": "x"}}
    if stream:
        event = {"type": "content_block_start", "index": 0, "content_block": block}
        ended = {"type": "content_block_stop", "index": 0}
        told = SPEECH["chat"].join(
            streamed([json.dumps(each).encode() for each in (event, ended)], "messages", "chat", asked)
        )
    else:
        body = json.dumps({"model": "m", "content": [block], "stop_reason": "tool_use"}).encode()
        told = convert_answer(body, "messages", "chat", asked=asked, id="0f", created=1)
    (called,) = json.loads(told)["choices"][0]["message"]["tool_calls"]
    assert called == {"id": "a", "type": "custom", "custom": {"name": "patch", "input": "x"}}


def test_custom_calls_of_a_chat_upstream_are_custom_in_responses() -> None:
    begun = chunk(
        {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": "x"}}]}
    )
    more = chunk({"tool_calls": [{"index": 0, "custom": {"input": "y"}}]})
    item = told(begun, more, chunk({}, "tool_calls"))
    assert (item["type"], item["input"]) == ("custom_tool_call", "xy")
