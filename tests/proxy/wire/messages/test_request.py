"""What a request holds is read without being changed, and an edit changes what it says and no more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Message, Role, Tool, ToolCall
from proxy.errors import BadRequest
from proxy.wire.messages import MessagesCompletion, MessagesRequest
from tests.proxy.wire.messages.conversations import ODD, bodies, messages

CACHED = {"cache_control": {"type": "ephemeral"}}


def request(*messages: dict[str, Any], **fields: Any) -> MessagesRequest:
    return MessagesRequest.read(json.dumps({"model": "opus", "max_tokens": 9, "messages": messages, **fields}).encode())


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def text(said: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **fields}


def result(call_id: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **fields}


@given(bodies())
def test_reading_changes_nothing(body: bytes) -> None:
    request = MessagesRequest.read(body)
    assert [message.role for message in request.messages] == list(request.roles)
    assert len(request.fingerprints) == len(request.roles)
    for view in ("question", "results", "tools", "user", "max_tokens", "bound", "conversation", "continues"):
        getattr(request, view)
    assert request.body == body


@given(ODD, st.text(min_size=1))
def test_any_document_has_views_or_is_refused(document: Any, said: str) -> None:
    try:
        request = MessagesRequest.read(json.dumps(document).encode())
    except BadRequest:
        return
    for view in ("messages", "roles", "fingerprints", "tools", "user", "max_tokens", "bound", "stream"):
        getattr(request, view)
    request.with_instructions(said).with_message("user", said).with_sampling({"temperature": 1.0}).with_model(said)


@given(st.dictionaries(st.sampled_from(["system", "tools", "metadata", "max_tokens", "extra"]), ODD), st.lists(ODD))
def test_what_is_odd_in_a_request_is_the_upstreams_to_judge(fields: dict[str, Any], contents: list[Any]) -> None:
    given_out = request(*({"role": "user", "content": content} for content in contents), **fields)
    for view in ("messages", "fingerprints", "tools", "user", "max_tokens", "bound"):
        getattr(given_out, view)
    assert given_out.with_instructions("more").with_message("user", "more").question == "more"


@given(bodies(), st.text(min_size=1))
def test_another_model_changes_the_model_alone(body: bytes, model: str) -> None:
    changed = MessagesRequest.read(body).with_model(model)
    assert changed.model == model
    assert json.loads(changed.body) == {**json.loads(body), "model": model}
    assert list(json.loads(changed.body)) == list(json.loads(body))


@given(bodies(), st.text(), st.sampled_from(["user", "assistant"]))
def test_a_further_message_leaves_those_before_it(body: bytes, said: str, role: Role) -> None:
    changed = MessagesRequest.read(body).with_message(role, said)
    before = json.loads(body)
    assert json.loads(changed.body) == {**before, "messages": [*before["messages"], {"role": role, "content": said}]}
    assert changed.messages[-1] == Message(role, said)


@given(bodies(), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_instructions_end_the_system_prompt_or_make_one(body: bytes, lines: list[str]) -> None:
    changed = MessagesRequest.read(body).with_instructions(*lines)
    before, after = json.loads(body), json.loads(changed.body)
    assert {**after, "system": None} == {**before, "system": None}
    assert changed.messages[0].role == "system"
    assert changed.messages[0].text.endswith("\n".join(lines))
    if isinstance(before.get("system"), list):
        assert after["system"][:-1] == before["system"]


def test_instructions_leave_the_bytes_that_the_provider_has_cached() -> None:
    block = b'{"text": "You are\\u0020kind.", "type": "text", "cache_control": {"ttl": "1h",  "type": "ephemeral"}}'
    body = b'{"model": "opus", "messages": [ ], "system": [ ' + block + b" ]}"
    assert (
        block + b' ,{"type":"text","text":"Be brief."}]'
        in MessagesRequest.read(body).with_instructions("Be brief.").body
    )


def test_edits_leave_the_bytes_of_all_they_do_not_touch() -> None:
    said = b'[{"role": "user", "content": [{"type": "text", "text": "caf\\u00e9", "cache_control" : {}}]}]'
    body = b'{"max_tokens": 1e2, "messages": ' + said + b', "x": 1.0, "model": "opus"}'
    changed = MessagesRequest.read(body).with_model("haiku").with_sampling({"temperature": 0.5}).body
    assert changed == b'{"max_tokens":1e2,"messages":' + said + b',"x":1.0,"model":"haiku","temperature":0.5}'


def test_what_follows_the_last_message_is_the_users_unless_it_is_the_assistants() -> None:
    """Not every model takes a system message between others, and the result of a tool needs a call."""
    roles: list[Role] = ["user", "system", "tool"]
    for role in roles:
        assert json.loads(request().with_message(role, "hey").body)["messages"] == [user("hey")]
    assert json.loads(request().with_message("assistant", "I").body)["messages"] == [assistant("I")]


def test_sampling_that_the_api_has_no_word_for_is_left_out() -> None:
    changed = request().with_sampling({"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "seed": 1})
    assert json.loads(changed.body) == {
        "model": "opus", "messages": [], "temperature": 0.5, "top_p": 0.9, "max_tokens": 7,
    }  # fmt: skip
    assert request().with_sampling({"seed": 1}).body == request().body


def test_results_of_tools_are_messages_of_their_own_before_what_the_user_says() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
    asked = request(
        user("How is Oslo?"),
        assistant([{"type": "thinking", "thinking": "hm", "signature": "s"}, text("Let me see."), call, search]),
        user([result("t1", "rain"), result("t2", [text("so"), text("me"), image]), text("Well?"), image]),
        system=[text("You are "), text("kind.")],
    )
    assert list(asked.messages) == [
        Message("system", "You are kind."),
        Message("user", "How is Oslo?"),
        Message(
            "assistant",
            "Let me see.",
            (ToolCall("t1", "weather", '{"city": "Oslo"}'), ToolCall("s1", "web_search", "{}")),
        ),
        Message("tool", "rain", call_id="t1"),
        Message("tool", "some", call_id="t2", parts=True),
        Message("user", "Well?", parts=True),
    ]
    assert [message.call_id for message in asked.results] == ["t1", "t2"]
    assert asked.question == "Well?"


def test_results_alone_leave_no_message_of_the_user() -> None:
    assert list(request(user([result("t1", "rain"), result("t2", "sun")])).roles) == ["tool", "tool"]
    assert list(request(user([])).roles) == ["user"]


def test_a_system_message_between_others_is_one() -> None:
    between = request(user("q"), {"role": "system", "content": "now be brief"}, system="s")
    assert [(message.role, message.text) for message in between.messages] == [
        ("system", "s"), ("user", "q"), ("system", "now be brief"),
    ]  # fmt: skip
    assert [between.fingerprints[0], between.fingerprints[2]] == [b"", b""]


def test_tools_are_those_that_the_client_runs() -> None:
    schema = {"type": "object"}
    tools: list[Any] = [
        {"name": "a", "description": "A", "input_schema": schema},
        {"type": "custom", "name": "b", "input_schema": schema},
        {"type": "web_search_20260318", "name": "web_search"},
        {"type": "bash_20250124", "name": "bash"},
        7,
    ]
    assert request(tools=tools).tools == (Tool("a", "A", schema), Tool("b", "", schema))


def test_the_user_is_named_in_the_metadata() -> None:
    assert request(metadata={"user_id": "ann"}).user == "ann"
    assert request(metadata={"user_id": 7}).user is None
    assert request().user is None


@pytest.mark.parametrize(
    ("user_id", "user"),
    [
        ({"device_id": "d1", "account_uuid": "a1", "session_id": "s1"}, "a1"),
        ({"device_id": "d1", "account_uuid": "", "session_id": "s1"}, "d1"),
        ('{"session_id": ', '{"session_id": '),
        ('{"session_id": "s1"}', '{"session_id": "s1"}'),
        ("user_u1_account_a1_session_0f8b6c1e-6f0e-4d0a-9a57-0d4d6f2c9b11", "user_u1_account_a1"),
        ("ann_session_of_monday", "ann_session_of_monday"),
    ],
)
def test_a_user_is_the_same_in_all_sessions_of_a_coding_agent(user_id: Any, user: str) -> None:
    written = user_id if isinstance(user_id, str) else json.dumps(user_id)
    assert request(metadata={"user_id": written}).user == user


def test_a_container_is_no_conversation() -> None:
    asked = request(container="container_1")
    assert (asked.conversation, asked.continues) == (None, None)


@given(messages(), st.data())
def test_an_answer_is_known_again_however_it_is_sent_back(whole: dict[str, Any], data: st.DataObject) -> None:
    answer = MessagesCompletion(json.dumps(whole).encode())
    said = "".join(block["text"] for block in whole["content"] if block["type"] == "text")
    blocks = whole["content"]
    ways: list[Any] = [
        blocks,
        [block for block in blocks if "thinking" not in block["type"]],
        [block for block in blocks if block["type"] in ("text", "tool_use")],
        [*blocks[:-1], *({**block, **CACHED} for block in blocks[-1:])],
    ]
    if not answer.calls:
        ways += [said, said.strip(), f"{said} \n", [text(said)]]
    sent = request(assistant(data.draw(st.sampled_from(ways))))
    assert list(sent.fingerprints) == [answer.fingerprint]


@given(bodies(), st.randoms())
def test_a_message_is_known_again_wherever_the_cache_ends(body: bytes, random: Any) -> None:
    def marks(value: Any) -> Any:
        """The same with other marks in it."""
        if isinstance(value, list):
            return [marks(each) for each in value]
        if not isinstance(value, dict):
            return value
        others = {name: marks(inner) if name == "content" else inner for name, inner in value.items()}
        others.pop("cache_control", None)
        return (
            {**others, **CACHED}
            if others.get("type") in ("text", "image", "tool_result") and random.random() < 0.5
            else others
        )

    document = json.loads(body)
    before = json.dumps(document).encode()
    after = json.dumps({**document, "messages": marks(document["messages"])}).encode()
    assert MessagesRequest.read(after).fingerprints == MessagesRequest.read(before).fingerprints


def test_a_text_is_the_same_message_alone_and_as_a_block() -> None:
    alone, block = request(user("Hi")).fingerprints, request(user([text("Hi", **CACHED)])).fingerprints
    assert alone == block
    assert request(user([result("t", "Hi")])).fingerprints == request(user([result("t", [text("Hi")])])).fingerprints


def test_different_messages_have_different_fingerprints() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "a"}}
    contents: list[Any] = [
        "Hi", "Ho", [text("H"), text("i")], [image], [{**image, "source": {}}], [result("t", "Hi")],
        [result("u", "Hi")], [result("t", "Ho")], [result("t", "Hi", is_error=True)], [], 7,
    ]  # fmt: skip
    prints = [request(user(content)).fingerprints[0] for content in contents]
    assert len(set(prints)) == len(contents)


@pytest.mark.parametrize(
    ("block", "bound"),
    [
        (text('"signature"'), False),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {"signature": "x"}}, False),
        ({"type": "thinking", "thinking": "hm", "signature": ""}, False),
        ({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, True),
        ({"type": "redacted_thinking", "data": "ZGF0YQ=="}, True),
    ],
)
def test_a_call_is_bound_by_what_only_the_author_of_the_last_answer_can_read(
    block: dict[str, Any], bound: bool
) -> None:
    assert request(user("q"), assistant([block])).bound is bound
    assert not request(user([block])).bound


@pytest.mark.parametrize("finish_reason", ["stop", "length", "content_filter", "tool_calls"])
def test_an_answer_of_our_own_looks_like_a_providers(finish_reason: str) -> None:
    answer = request().answer("No.", finish_reason)
    assert (answer.text, answer.model, list(answer.finish_reasons)) == ("No.", "opus", [finish_reason])
    assert answer.usage is not None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b"{", None),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": {}}', "messages"),
        (b'{"model": "m", "messages": [1]}', "messages[0]"),
        (b'{"model": "m", "messages": [{"content": "x"}]}', "messages[0].role"),
        (b'{"model": 1, "messages": []}', "model"),
        (b'{"messages": []}', "model"),
        (b'{"model": "m", "messages": [], "stream": "yes"}', "stream"),
        (b'{"model": "m", "messages": [], "system": "\xff"}', None),
    ],
)
def test_a_request_that_cannot_be_read_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        MessagesRequest.read(body)
    assert refused.value.param == param
    assert "`" not in refused.value.message
