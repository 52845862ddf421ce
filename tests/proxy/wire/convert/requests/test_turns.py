"""Turns of a conversation, where the APIs order and group them differently."""

import json

import pytest

from proxy.errors import BadRequest
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request
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


def function_call(id: str, name: str = "f", arguments: str = "{}") -> Document:
    return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def output(id: str, text: object = "done") -> Document:
    return {"type": "function_call_output", "call_id": id, "output": text}


def tool_call(id: str, name: str = "f", arguments: str = "{}") -> Document:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(id: str, content: object = "done") -> Document:
    return {"role": "tool", "tool_call_id": id, "content": content}


def test_what_the_model_said_and_called_is_one_chat_message() -> None:
    body, _ = sent(responses(HI, assistant("Wait."), function_call("a"), function_call("b")), "responses", "chat")
    assert body["messages"][1] == {
        "role": "assistant",
        "content": "Wait.",
        "tool_calls": [tool_call("a"), tool_call("b")],
    }


def test_what_the_model_said_after_a_call_comes_before_it() -> None:
    body, _ = sent(responses(HI, function_call("a"), assistant("Wait."), output("a")), "responses", "chat")
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool"]
    assert body["messages"][1]["content"] == "Wait."
    body, _ = sent(responses(HI, function_call("a"), assistant("Wait."), output("a")), "responses", "messages")
    assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use"]


def test_answers_one_after_the_other_stay_messages_of_their_own() -> None:
    body, _ = sent(responses(HI, assistant("One."), assistant("Two.")), "responses", "chat")
    assert [message["content"] for message in body["messages"][1:]] == ["One.", "Two."]


@pytest.mark.parametrize("target", ["chat", "messages"])
def test_a_late_result_follows_its_call_at_once(target: Api) -> None:
    items = [HI, function_call("a"), function_call("b"), output("b", "second"), user("Hurry!"), output("a", "first")]
    body, _ = sent(responses(*items), "responses", target)
    if target == "chat":
        assert body["messages"][2:] == [tool("b", "second"), tool("a", "first"), user("Hurry!")]
    else:
        assert body["messages"][2]["content"] == [
            {"type": "tool_result", "tool_use_id": "b", "content": "second"},
            {"type": "tool_result", "tool_use_id": "a", "content": "first"},
            {"type": "text", "text": "Hurry!"},
        ]


def test_a_result_belongs_to_the_last_call_with_its_id() -> None:
    items = [HI, function_call("0", "f"), output("0", "one"), function_call("0", "g"), output("0", "two")]
    body, _ = sent(responses(*items), "responses", "chat")
    assert [message.get("content") for message in body["messages"]] == ["hi", None, "one", None, "two"]


@pytest.mark.parametrize("target", ["chat", "messages"])
def test_calls_and_results_without_their_other_half_stay(target: Api) -> None:
    body, dropped = sent(responses(HI, output("gone"), function_call("open"), user("Well?")), "responses", target)
    assert dropped == ()
    if target == "chat":
        assert body["messages"][1] == tool("gone")
        assert body["messages"][2]["tool_calls"] == [tool_call("open")]
    else:
        blocks = [block for turn in body["messages"][:2] for block in turn["content"]]
        assert [block["type"] for block in blocks] == ["tool_result", "text", "tool_use"]


def test_calls_without_ids_are_answered_in_order() -> None:
    calls = [{"function": {"name": "f", "arguments": "{}"}}, {"function": {"name": "g", "arguments": "{}"}}]
    talk = chat(
        HI, assistant(None, tool_calls=calls), {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}
    )
    body, _ = sent(talk, "chat", "responses")
    assert [(item.get("call_id"), item.get("output")) for item in body["input"][1:]] == [
        ("call_1", None),
        ("call_2", None),
        ("call_1", "1"),
        ("call_2", "2"),
    ]


def test_calls_of_before_there_were_tools_are_calls() -> None:
    talk = chat(
        HI,
        assistant(None, function_call={"name": "f", "arguments": '{"a": 1}'}),
        {"role": "function", "name": "f", "content": "done"},
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
    )
    body, _ = sent(talk, "chat", "messages")
    assert body["messages"][1]["content"] == [{"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}}]
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "call_1", "content": "done"}]
    assert body["tool_choice"] == {"type": "tool", "name": "f"}


def test_messages_have_a_users_turn_at_both_ends() -> None:
    body, dropped = sent(chat(assistant("Welcome."), HI, assistant("Hm.")), "chat", "messages")
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert body["messages"][0]["content"] == "(nothing said yet)"
    assert body["messages"][-1]["content"] == "Go on."
    assert dropped == (
        "messages: the user speaks first in the Messages API; a turn is put in",
        "messages: the user speaks last in the Messages API; a turn is put in",
    )


def test_a_turn_that_waits_for_results_gets_no_words_put_after_it() -> None:
    body, _ = sent(chat(HI, assistant(None, tool_calls=[tool_call("a")])), "chat", "messages")
    assert body["messages"][-1]["role"] == "assistant"


def test_turns_of_the_same_role_are_one_in_messages() -> None:
    body, _ = sent(chat(user("One."), user("Two."), assistant("A."), assistant("B."), HI), "chat", "messages")
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert [block["text"] for block in body["messages"][1]["content"]] == ["A.", "B."]


def test_empty_texts_are_not_sent_to_messages() -> None:
    body, dropped = sent(
        chat(user(""), assistant(" "), HI, assistant("", tool_calls=[tool_call("a")])), "chat", "messages"
    )
    assert body["messages"] == [
        HI,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
    ]
    assert dropped == ("messages[1].content: the Messages API takes no empty text",)


def test_leading_instructions_are_one_system_message() -> None:
    talk = responses({"role": "developer", "content": "Be kind."}, HI, instructions="Be brief.")
    body, _ = sent(talk, "responses", "chat")
    assert body["messages"] == [{"role": "system", "content": "Be brief.\n\nBe kind."}, HI]
    body, _ = sent(talk, "responses", "messages")
    assert body["system"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]


def test_instructions_in_the_middle_stay_there_for_chat_and_responses() -> None:
    talk = responses(HI, {"role": "developer", "content": "Now in French."}, user("Go on."))
    body, _ = sent(talk, "responses", "chat")
    assert body["messages"][1] == {"role": "system", "content": "Now in French."}
    body, _ = sent(chat(HI, {"role": "developer", "content": "Now in French."}), "chat", "responses")
    assert body["input"][1] == {"type": "message", "role": "developer", "content": "Now in French."}


def test_instructions_in_the_middle_follow_the_users_turn_where_the_model_takes_them() -> None:
    late = {"role": "developer", "content": "Now in French."}
    talk = {**chat(HI, assistant("Hello."), late, user("Go on.")), "model": "claude-opus-5"}
    body, dropped = sent(talk, "chat", "messages")
    assert body["messages"][2:] == [user("Go on."), {"role": "system", "content": "Now in French."}]
    assert dropped == ()


def test_instructions_in_the_middle_are_a_reminder_to_other_models() -> None:
    late = {"role": "system", "content": "Now in French."}
    body, dropped = sent(chat(HI, assistant("Hello."), late, user("Go on.")), "chat", "messages")
    assert [block["text"] for block in body["messages"][2]["content"]] == [
        "<system-reminder>\nNow in French.\n</system-reminder>",
        "Go on.",
    ]
    assert dropped == ("messages[2].content: the model takes no instructions here; they are told as a reminder",)


def test_results_come_before_a_users_words() -> None:
    content = [{"type": "text", "text": "Here."}, {"type": "tool_result", "tool_use_id": "a", "content": "done"}]
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    body, _ = sent(messages(HI, assistant([call]), user(content)), "messages", "chat")
    assert body["messages"][2:] == [tool("a"), user("Here.")]


def test_images_of_results_are_shown_by_the_user() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a"}}
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    both = [{"type": "text", "text": "Look:"}, image]
    shown = {"type": "image_url", "image_url": {"url": "https://example.com/a"}}
    about = {"type": "text", "text": "From the result of the tool call a:"}

    turn = user([{"type": "tool_result", "tool_use_id": "a", "content": both}, {"type": "text", "text": "What is it?"}])
    body, _ = sent(messages(HI, assistant([call]), turn), "messages", "chat")
    assert body["messages"][2:] == [tool("a", "Look:"), user([about, shown, {"type": "text", "text": "What is it?"}])]

    turn = user([{"type": "tool_result", "tool_use_id": "a", "content": [image]}])
    body, _ = sent(messages(HI, assistant([call]), turn), "messages", "chat")
    assert body["messages"][2:] == [tool("a", "The result is an image; it follows."), user([about, shown])]


def test_a_result_that_is_an_error_is_told_as_any_other() -> None:
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    turn = user([{"type": "tool_result", "tool_use_id": "a", "content": "No.", "is_error": True}])
    for target in ("chat", "responses"):
        _, dropped = sent(messages(HI, assistant([call]), turn), "messages", target)
        assert [entry.partition(":")[0] for entry in dropped] == ["messages[2].content[0].is_error"]


def test_what_came_before_a_response_is_put_before_the_input() -> None:
    earlier = [
        [{"role": "user", "content": "What is 1 + 1?"}],
        [
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "2", "annotations": [], "logprobs": []}],
            }
        ],
    ]
    talk = {**responses(user("And doubled?")), "previous_response_id": "resp_1", "instructions": "Be brief."}
    body, dropped = sent(talk, "responses", "chat", earlier=earlier)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        user("What is 1 + 1?"),
        {"role": "assistant", "content": "2"},
        user("And doubled?"),
    ]
    assert dropped == ()


def test_an_item_that_is_named_is_found_where_it_is_kept() -> None:
    kept = {"msg_1": json.dumps({"type": "message", "id": "msg_1", "role": "assistant", "content": "Hello."}).encode()}
    talk = json.dumps(responses(HI, {"type": "item_reference", "id": "msg_1"}, {"id": "msg_1"}, HI)).encode()
    body = json.loads(convert_request(talk, "responses", "chat", referred=kept.get).body)
    assert body["messages"] == [HI, assistant("Hello."), assistant("Hello."), HI]


def test_an_item_that_names_another_is_refused() -> None:
    talk = json.dumps(responses({"type": "item_reference", "id": "a"})).encode()
    with pytest.raises(BadRequest, match=r"input\[0\]"):
        convert_request(talk, "responses", "chat", referred=lambda id: b'{"type": "item_reference", "id": "a"}')


def test_what_is_wrong_with_what_came_before_is_said_so() -> None:
    talk = {**responses(HI), "previous_response_id": "resp_1"}
    error = refusal({**talk, "input": [{"type": "item_reference", "id": "x"}]}, "responses", "chat")
    assert (error.param, error.code) == ("input[0]", "unsupported_by_upstream")


def test_arguments_keep_their_text() -> None:
    odd = '{"b": 1.0, "a" :[1e2,  "\\u00e9"]}'
    body, _ = sent(responses(HI, function_call("a", arguments=odd), output("a")), "responses", "chat")
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == odd


@pytest.mark.parametrize("written", ["{", "[1]", '"text"', "no JSON"])
def test_arguments_that_are_no_object_reach_messages_as_text(written: str) -> None:
    body, dropped = sent(responses(HI, function_call("a", arguments=written), output("a")), "responses", "messages")
    assert body["messages"][1]["content"][0]["input"] == {"input": written}
    assert dropped == ("input[1]: arguments that are no JSON object are told as 'input'",)


def test_ids_are_written_in_letters_that_the_other_api_takes() -> None:
    talk = chat(HI, assistant(None, tool_calls=[tool_call("functions.f:0")]), tool("functions.f:0"))
    body, _ = sent(talk, "chat", "messages")
    called, answered = body["messages"][1]["content"][0]["id"], body["messages"][2]["content"][0]["tool_use_id"]
    assert called == answered
    assert called.startswith("functions_f_0_")
