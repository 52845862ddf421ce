"""Tools that only one API has, for upstreams that know functions."""

import json
from typing import Any

import pytest

from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request, offered_tools
from proxy.wire.convert.requests.tools import Offered, flat_name
from tests.proxy.wire.convert.requests.converting import (
    HI,
    Document,
    assistant,
    chat,
    messages,
    refusal,
    responses,
    sent,
    user,
)

PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: patch"},
}
READ = {"type": "function", "name": "read", "parameters": {"type": "object"}, "strict": True}
FILES = {"type": "namespace", "name": "files", "description": "Of this project.", "tools": [READ, PATCH]}
SEARCH = {"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": {"type": "object"}}


def names(body: Document) -> list[str]:
    return [tool.get("name") or tool["function"]["name"] for tool in body.get("tools", ())]


def test_a_custom_tool_is_a_function_with_one_text() -> None:
    body, dropped = sent(responses(HI, tools=[PATCH]), "responses", "chat")
    function = body["tools"][0]["function"]
    assert function["name"] == "apply_patch"
    assert function["description"] == "Edits files.\n\nThe input must fit this lark grammar:\nstart: patch"
    assert list(function["parameters"]["properties"]) == function["parameters"]["required"] == ["input"]
    assert dropped == ()


def test_a_custom_tool_of_chat_is_one_in_responses() -> None:
    grammar = {"syntax": "regex", "definition": "a+"}
    tool = {"type": "custom", "custom": {"name": "a", "format": {"type": "grammar", "grammar": grammar}}}
    call = {"id": "1", "type": "custom", "custom": {"name": "a", "input": 'say "a"'}}
    choice = {"type": "custom", "custom": {"name": "a"}}
    done = {"role": "tool", "tool_call_id": "1", "content": "done"}
    talk = chat(HI, assistant(None, tool_calls=[call]), done, tools=[tool], tool_choice=choice)
    body, _ = sent(talk, "chat", "responses")
    assert body["tools"] == [{"type": "custom", "name": "a", "format": {"type": "grammar", **grammar}}]
    assert body["input"][1:] == [
        {"type": "custom_tool_call", "call_id": "1", "name": "a", "input": 'say "a"'},
        {"type": "custom_tool_call_output", "call_id": "1", "output": "done"},
    ]
    assert body["tool_choice"] == {"type": "custom", "name": "a"}
    body, _ = sent(talk, "chat", "messages")
    assert body["tools"][0]["description"] == "The input must fit this regex grammar:\na+"
    assert body["messages"][1]["content"][0]["input"] == {"input": 'say "a"'}


def test_which_calls_must_come_back_as_custom_ones_is_known_for_each_api() -> None:
    in_chat = {"type": "custom", "custom": {"name": "a"}}
    assert {
        name
        for name, tool in offered_tools(json.dumps(chat(HI, tools=[in_chat])).encode(), "chat").items()
        if tool.kind == "custom"
    } == {"a"}
    assert {
        name
        for name, tool in offered_tools(json.dumps(responses(HI, tools=[READ, FILES])).encode(), "responses").items()
        if tool.kind == "custom"
    } == {"files__apply_patch"}
    assert {
        name
        for name, tool in offered_tools(json.dumps(messages(HI)).encode(), "messages").items()
        if tool.kind == "custom"
    } == set()


def test_tools_in_a_namespace_have_it_in_their_names() -> None:
    call = {"type": "function_call", "call_id": "1", "name": "read", "namespace": "files", "arguments": "{}"}
    talk = responses(HI, call, tools=[FILES])
    body, _ = sent(talk, "responses", "messages")
    assert names(body) == ["files__read", "files__apply_patch"]
    assert body["tools"][0]["description"] == "Of this project."
    assert body["messages"][1]["content"][0]["name"] == "files__read"
    assert offered_tools(json.dumps(talk).encode(), "responses")["files__read"] == Offered("read", "files", "function")


def test_names_that_are_too_long_are_cut_and_stay_apart() -> None:
    long = "mcp__" + "x" * 60
    tools = [{"name": long + end, "input_schema": {"type": "object"}} for end in ("_a", "_b")]
    choice = {"type": "tool", "name": long + "_b"}
    talk = messages(HI, tools=tools, tool_choice=choice)
    body, _ = sent(talk, "messages", "chat")
    first, second = names(body)
    assert first != second
    assert max(len(first), len(second)) == 64
    assert body["tool_choice"]["function"]["name"] == second
    converted = convert_request(json.dumps(talk).encode(), "messages", "chat")
    assert converted.tools[second].name == long + "_b"
    body, _ = sent(talk, "messages", "responses")
    assert names(body) == [first, second]
    assert body["tool_choice"] == {"type": "function", "name": second}


def test_two_tools_that_would_have_one_name_are_refused() -> None:
    clash = {"type": "function", "name": "files__read", "parameters": {}}
    error = refusal(responses(HI, tools=[FILES, clash]), "responses", "chat")
    assert error.param == "tools[1]"
    assert "rename one of them" in error.message


def test_a_search_that_the_client_makes_is_a_function() -> None:
    deferred = {**READ, "defer_loading": True}
    call = {"type": "tool_search_call", "execution": "client", "call_id": "s", "arguments": {"query": "read"}}
    found = {"type": "tool_search_output", "execution": "client", "call_id": "s", "tools": [FILES]}
    talk = responses(HI, call, found, tools=[SEARCH, deferred, {**PATCH, "defer_loading": True}])
    body, dropped = sent(talk, "responses", "chat")
    assert names(body) == ["tool_search", "files__read", "files__apply_patch"]
    assert body["messages"][1]["tool_calls"][0]["function"] == {
        "name": "tool_search",
        "arguments": '{"query": "read"}',
    }
    assert json.loads(body["messages"][2]["content"]) == {
        "tools": [{"name": "read", "namespace": "files"}, {"name": "apply_patch", "namespace": "files"}]
    }
    assert dropped == ()
    assert offered_tools(json.dumps(talk).encode(), "responses")["tool_search"].kind == "search"


def test_without_a_search_of_the_clients_all_tools_are_offered() -> None:
    call = {"type": "tool_search_call", "execution": "server", "arguments": {"paths": ["files"]}}
    found = {"type": "tool_search_output", "execution": "server", "tools": [{**READ, "defer_loading": True}]}
    talk = responses(HI, call, found, tools=[{"type": "tool_search"}, {**READ, "defer_loading": True}])
    body, dropped = sent(talk, "responses", "chat")
    assert names(body) == ["read"]
    assert len(body["messages"]) == 1
    assert dropped[0] == "tools[0]: the upstream searches no tools; all of them are offered at once"


def test_tools_told_of_along_the_way_are_offered_also_where_they_came_earlier() -> None:
    added = {"type": "additional_tools", "role": "developer", "tools": [READ]}
    body, _ = sent(responses(HI), "responses", "chat", earlier=[[added, HI]])
    assert names(body) == ["read"]
    before = [json.dumps([added]).encode()]
    assert list(offered_tools(json.dumps(responses(HI)).encode(), "responses", earlier=before)) == ["read"]


@pytest.mark.parametrize("type", ["web_search", "web_search_preview", "image_generation"])
def test_a_tool_of_the_provider_is_left_out_where_there_are_others(type: str) -> None:
    body, dropped = sent(responses(HI, tools=[READ, {"type": type}]), "responses", "messages")
    assert names(body) == ["read"]
    assert dropped == (f"tools[1]: only the Responses API has {type}; the model has to do without",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [READ, {"type": "web_search"}], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"tools": [READ, {"type": "mcp", "server_label": "x"}]}, "tools[1]"),
        ({"tools": [READ, {"type": "file_search", "vector_store_ids": []}]}, "tools[1]"),
        ({"tools": [READ, {"type": "code_interpreter", "container": "x"}]}, "tools[1]"),
        ({"tools": [READ, {"type": "computer"}]}, "tools[1]"),
        ({"tools": [READ, {"type": "local_shell"}]}, "tools[1]"),
        ({"tools": [READ, {"type": "shell"}]}, "tools[1]"),
        ({"tools": [READ, {"type": "apply_patch"}]}, "tools[1]"),
        ({"tools": [READ, {"type": "programmatic_tool_calling"}]}, "tools[1]"),
    ],
)
@pytest.mark.parametrize("target", ["chat", "messages"])
def test_a_tool_of_the_provider_that_the_call_is_about_is_refused(
    fields: dict[str, Any], param: str, target: Api
) -> None:
    error = refusal(responses(HI, **fields), "responses", target)
    assert (error.param, error.code) == (param, "unsupported_by_upstream")
    kind = (fields.get("tool_choice") or fields["tools"][-1])["type"]
    assert kind in error.message or "nothing else" in error.message


def test_server_tools_of_messages_are_treated_alike() -> None:
    mine = {"name": "read", "input_schema": {"type": "object"}}
    found = {"type": "web_search_20250305", "name": "web_search"}
    tools = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    body, dropped = sent(messages(HI, tools=[mine, found, tools]), "messages", "chat")
    assert names(body) == ["read"]
    assert [entry.partition(":")[0] for entry in dropped] == ["tools[1]", "tools[2]"]
    assert refusal(messages(HI, tools=[found]), "messages", "responses").param == "tools[0]"
    for type in ("code_execution_20250825", "computer_toolset_20260801", "bash_20250124", "mcp_toolset"):
        error = refusal(messages(HI, tools=[mine, {"type": type, "name": "x"}]), "messages", "chat")
        assert error.param == "tools[1]"
        assert type in error.message


def test_what_a_provider_looked_up_before_is_left_out() -> None:
    search = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search"}}
    _, dropped = sent(responses(HI, search, assistant("Found.")), "responses", "chat")
    assert dropped == ("input[1]: what was found is in the answer that follows",)
    blocks = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "cows"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "text", "text": "They moo."},
    ]
    body, dropped = sent(messages(HI, assistant(blocks), HI), "messages", "chat")
    assert body["messages"][1] == assistant("They moo.")
    assert len(dropped) == 1


@pytest.mark.parametrize(
    "item",
    [
        {"type": "item_reference", "id": "x"},
        {"id": "x"},
        {"type": "computer_call", "id": "x"},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "code_interpreter_call", "id": "x"},
        {"type": "mcp_approval_response", "approve": True},
    ],
    ids=lambda item: str(item.get("type")),
)
def test_an_item_that_another_provider_cannot_follow_is_refused(item: Document) -> None:
    error = refusal(responses(HI, item), "responses", "messages")
    assert (error.param, error.code) == ("input[1]", "unsupported_by_upstream")


@pytest.mark.parametrize("target", ["chat", "messages"])
def test_a_choice_among_some_tools_offers_only_those(target: Api) -> None:
    other = {**READ, "name": "write"}
    allowed = [{"type": "function", "name": "write"}, {"type": "namespace", "name": "files"}, {"type": "web_search"}]
    choice = {"type": "allowed_tools", "mode": "required", "tools": allowed}
    body, _ = sent(responses(HI, tools=[READ, other, FILES], tool_choice=choice), "responses", target)
    assert names(body) == ["write", "files__read", "files__apply_patch"]
    assert body["tool_choice"] == ("required" if target == "chat" else {"type": "any"})


def test_a_choice_among_some_tools_stays_one_in_responses() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]
    some = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "b"}}]}
    body, _ = sent(
        chat(HI, tools=tools, tool_choice={"type": "allowed_tools", "allowed_tools": some}), "chat", "responses"
    )
    assert body["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "b"}],
    }


def test_a_choice_of_one_tool_finds_it_in_its_namespace() -> None:
    talk = responses(HI, tools=[FILES], tool_choice={"type": "function", "name": "read"})
    body, _ = sent(talk, "responses", "chat")
    assert body["tool_choice"] == {"type": "function", "function": {"name": "files__read"}}


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_a_choice_without_tools_is_left_out(target: Api) -> None:
    body, dropped = sent(chat(HI, tool_choice="auto", parallel_tool_calls=True), "chat", target)
    assert body.keys().isdisjoint({"tool_choice", "parallel_tool_calls"})
    assert len(dropped) == 1


def test_calls_one_at_a_time_are_a_matter_of_the_choice_in_messages() -> None:
    body, _ = sent(responses(HI, tools=[READ], parallel_tool_calls=False), "responses", "messages")
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_schemas_keep_their_text() -> None:
    schema = b'{"type" :"object", "properties": {"n": {"default": 1.0, "maximum": 1e2, "x": 12345678901234567890123}}}'
    tool = b'{"type": "function", "name": "f", "parameters": ' + schema + b"}"
    body = b'{"model": "m", "input": "hi", "tools": [' + tool + b"]}"
    for target in ("chat", "messages"):
        assert schema in convert_request(body, "responses", target).body


def test_a_tool_without_parameters_takes_any() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    body, _ = sent(chat(HI, tools=[tool]), "chat", "responses")
    assert body["tools"][0]["parameters"] == {"type": "object", "properties": {}}
    body, _ = sent(chat(HI, tools=[tool]), "chat", "messages")
    assert body["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


def test_strictness_is_written_out_where_silence_means_something_else() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    body, _ = sent(chat(HI, tools=[tool]), "chat", "responses")
    assert body["tools"][0]["strict"] is False


def test_a_name_is_the_same_in_every_call() -> None:
    assert flat_name("read") == "read"
    assert flat_name("read", "files") == "files__read"
    assert flat_name("x" * 70) == flat_name("x" * 70)
    assert len(flat_name("x" * 70)) == 64


def test_a_tool_that_was_found_is_named() -> None:
    reference = {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "tool_reference", "tool_name": "read"}],
    }
    call = {"type": "tool_use", "id": "a", "name": "find", "input": {}}
    body, _ = sent(messages(HI, assistant([call]), user([reference])), "messages", "chat")
    assert body["messages"][2]["content"] == "Tool found: read"
