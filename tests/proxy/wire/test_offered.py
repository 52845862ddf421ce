"""Whichever API a client speaks, its tools can be noted and withheld, and nothing else of its request changes."""

import json
from typing import Any

import pytest

from burnish.testing import request
from proxy.wire.convert.pieces import Api
from proxy.wire.format import WireRequest
from proxy.wire.formats import FORMATS

APIS = pytest.mark.parametrize("api", ["chat", "responses", "messages"])


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": {}}}


def offering(*names: str, api: Api, **fields: Any) -> WireRequest:
    return request("hello", api=api, tools=[tool(name) for name in names], **fields)


def changed(before: WireRequest, **fields: Any) -> WireRequest:
    """The request with these fields of its document, as its client would write them."""
    return FORMATS[before.api].read_request(json.dumps({**json.loads(before.body), **fields}).encode())


@APIS
def test_a_tool_is_withheld_and_all_else_stays(api: Api) -> None:
    before = offering("search", "weather", "time", api=api)
    after = before.without_tools({"weather", "never offered"})
    assert [offered.name for offered in after.tools] == ["search", "time"]
    assert {**json.loads(after.body), "tools": None} == {**json.loads(before.body), "tools": None}
    first, _, last = json.loads(before.body)["tools"]
    assert json.loads(after.body)["tools"] == [first, last]
    assert [offered.name for offered in before.tools] == ["search", "weather", "time"]


@APIS
def test_the_bytes_of_the_tools_that_stay_are_the_clients(api: Api) -> None:
    before = offering("search", "weather", api=api)
    odd = json.dumps(json.loads(before.body)["tools"][0]).encode().replace(b"Does", b"D\\u006fes  1.0e2")
    body = before.body.replace(json.dumps(json.loads(before.body)["tools"][0], separators=(",", ":")).encode(), odd)
    read = FORMATS[api].read_request(body)
    assert odd in body
    assert odd in read.without_tools({"weather"}).body


@APIS
def test_a_request_without_tools_or_with_nothing_to_withhold_keeps_its_bytes(api: Api) -> None:
    bare, offered = request("hello", api=api), offering("search", api=api)
    assert bare.without_tools({"search"}).body == bare.body
    assert offered.without_tools(()).body == offered.body
    assert offered.without_tools({"other"}).tools == offered.tools


@APIS
def test_a_tool_of_the_provider_is_none_of_ours(api: Api) -> None:
    hosted = {"type": "web_search_20250305" if api == "messages" else "web_search"}
    before = offering("search", api=api)
    mixed = changed(before, tools=[hosted, *json.loads(before.body)["tools"]])
    assert json.loads(mixed.without_tools({"search", "web_search"}).body)["tools"] == [hosted]


@APIS
@pytest.mark.parametrize("tools", [None, "all", [1, None, {}, {"type": "function", "function": 1}]])
def test_tools_of_shapes_that_we_do_not_know_stay_as_they_are(api: Api, tools: Any) -> None:
    odd = changed(offering("search", api=api), tools=tools)
    assert json.loads(odd.without_tools({"search"}).body)["tools"] == tools
    assert json.loads(odd.with_tool_notes({"search": "x"}).body)["tools"] == tools


@APIS
def test_notes_end_the_descriptions_of_the_tools_that_they_name(api: Api) -> None:
    noted = offering("search", "weather", api=api).with_tool_notes({"weather": "Not before 2000.", "other": "x"})
    assert [each.description for each in noted.tools] == ["Does search.", "Does weather.\n\nNot before 2000."]


@pytest.mark.parametrize(
    ("api", "choice", "named"),
    [
        ("chat", "auto", set()),
        ("chat", "required", set()),
        ("chat", {"type": "function", "function": {"name": "search"}}, {"search"}),
        ("chat", {"type": "custom", "custom": {"name": "search"}}, {"search"}),
        (
            "chat",
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [tool("search"), tool("time")]},
            },
            {"search", "time"},
        ),
        ("chat", None, set()),
        ("chat", {"type": "function", "function": {"name": 1}}, set()),
        ("responses", "auto", set()),
        ("responses", {"type": "function", "name": "search"}, {"search"}),
        (
            "responses",
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "search"}]},
            {"search"},
        ),
        ("responses", {"type": "web_search"}, set()),
        ("messages", {"type": "any"}, set()),
        ("messages", {"type": "tool", "name": "search"}, {"search"}),
    ],
)
def test_the_tools_that_tool_choice_names_are_known(api: Api, choice: Any, named: set[str]) -> None:
    before = offering("search", "time", api=api)
    assert before.chosen_tools == frozenset()
    assert changed(before, tool_choice=choice).chosen_tools == named


@pytest.mark.parametrize("api", ["embeddings", "completions"])
def test_calls_that_offer_no_tools_have_none_to_withhold(api: str) -> None:
    read = FORMATS[api].read_request(b'{"model": "m", "input": "x", "prompt": "x"}')
    assert read.without_tools({"search"}) is read
    assert read.chosen_tools == frozenset()


@pytest.mark.parametrize(("mark", "failed"), [({"is_error": True}, True), ({"is_error": False}, False), ({}, False)])
def test_a_result_that_the_agent_marks_as_an_error_is_known_as_one(mark: dict[str, bool], failed: bool) -> None:
    asked = {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "search", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "x", **mark}
    body = {"model": "m", "max_tokens": 9, "messages": [asked, {"role": "user", "content": [result]}]}
    (found,) = FORMATS["messages"].read_request(json.dumps(body).encode()).results
    assert found.failed is failed
