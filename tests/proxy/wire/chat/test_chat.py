"""What a chat request or answer holds is read without being changed, and an edit changes what it says and no more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadRequest
from proxy.wire.chat import ChatChunk, ChatCompletion, ChatCompletionsRequest, ChatFormat
from proxy.wire.document import changed_fields, with_fields
from tests.proxy.wire.answers import JSON, completions

PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text()})
    | st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": st.text()})}),
    max_size=3,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool"])},
        optional={"content": st.none() | st.text() | PARTS, "name": st.text(), "x_unknown": JSON},
    ),
    max_size=4,
)
KNOWN = {
    "messages", "model", "stream", "stream_options", "tools", "safety_identifier", "user", "max_tokens",
    "max_completion_tokens", "metadata",
}  # fmt: skip
OTHERS = st.dictionaries(st.text().filter(lambda key: key not in KNOWN), JSON, max_size=4)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A request as some client's library writes it."""
    fields: dict[str, Any] = {"messages": draw(MESSAGES), "model": draw(st.text(min_size=1)), **draw(OTHERS)}
    names = draw(st.permutations(list(fields)))
    written = json.dumps(
        {name: fields[name] for name in names},
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 1])),
        separators=draw(st.sampled_from([(",", ":"), (" , ", " : ")])),
    )
    return written.encode()


@given(bodies())
def test_reading_changes_nothing(body: bytes) -> None:
    request = ChatCompletionsRequest.read(body)
    assert len(request.messages) == len(request.roles) == len(request.fingerprints)
    for view in ("question", "results", "tools", "user", "max_tokens"):
        getattr(request, view)
    assert request.body == body


@given(bodies(), st.text(min_size=1))
def test_another_model_changes_the_model_alone(body: bytes, model: str) -> None:
    changed = ChatCompletionsRequest.read(body).with_model(model)
    assert changed.model == model
    assert json.loads(changed.body) == {**json.loads(body), "model": model}
    assert list(json.loads(changed.body)) == list(json.loads(body))


@given(bodies(), st.text())
def test_a_further_message_leaves_those_before_it(body: bytes, text: str) -> None:
    changed = ChatCompletionsRequest.read(body).with_message("user", text)
    before = json.loads(body)
    assert json.loads(changed.body) == {
        **before,
        "messages": [*before["messages"], {"role": "user", "content": text}],
    }
    assert changed.question == text


@given(bodies(), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_instructions_end_the_first_system_message_or_make_one(body: bytes, lines: list[str]) -> None:
    changed = ChatCompletionsRequest.read(body).with_instructions(*lines)
    before, after = json.loads(body), json.loads(changed.body)
    assert {**after, "messages": None} == {**before, "messages": None}
    system = next(message for message in changed.messages if message.role == "system")
    assert system.text.endswith("\n".join(lines))
    kept = [message for message in after["messages"] if message in before["messages"]]
    assert len(kept) >= len(before["messages"]) - 1


@given(bodies())
def test_usage_is_asked_for_at_the_end_of_a_stream(body: bytes) -> None:
    whole = ChatCompletionsRequest.read(body)
    assert whole.asking_usage() is whole
    request = ChatCompletionsRequest.read(with_fields(body, stream=True))
    assert not request.wants_usage
    asking = request.asking_usage()
    assert asking.wants_usage
    assert asking.asking_usage() is asking
    assert json.loads(asking.body) == {**json.loads(request.body), "stream_options": {"include_usage": True}}


@given(bodies(), bodies())
def test_the_changed_fields_make_the_one_body_of_the_other(before: bytes, after: bytes) -> None:
    patch = changed_fields(before, after)
    patched = json.loads(before)
    for name, value in json.loads(patch or b"{}").items():
        if value is None:
            patched.pop(name, None)
        else:
            patched[name] = value
    # In a merge patch null means that a field is gone; a field that became null cannot be told from it.
    assert _without_nulls(patched) == _without_nulls(json.loads(after))


def _without_nulls(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


@given(completions(), st.booleans())
def test_an_answer_is_known_again_when_it_is_sent_back(whole: dict[str, Any], trimmed: bool) -> None:
    completion = ChatCompletion(json.dumps(whole).encode())
    message = dict(whole["choices"][0]["message"])
    if trimmed and message["content"]:
        message["content"] = f"\n {message['content']} "
    request = ChatCompletionsRequest.read(json.dumps({"model": "m", "messages": [message]}).encode())
    assert list(request.fingerprints) == [completion.fingerprint]


@given(completions(), st.text())
def test_another_text_changes_the_text_of_one_choice(whole: dict[str, Any], text: str) -> None:
    changed = json.loads(ChatCompletion(json.dumps(whole).encode()).with_text(text).body)
    whole["choices"][0]["message"]["content"] = text
    assert changed == whole


@given(completions(), st.booleans())
def test_usage_reaches_only_clients_that_asked(whole: dict[str, Any], asked: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if asked else {}
    request = ChatCompletionsRequest.read(json.dumps({"model": "m", "messages": [], **options}).encode())
    format = ChatFormat()
    event = format.writer(request).event(format.read_chunk(json.dumps(whole).encode()))
    seen = json.loads(event.removeprefix(b"data: "))
    assert seen == (whole if asked else {key: value for key, value in whole.items() if key != "usage"})


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
        (b'{"model": "m", "messages": [], "stream": "yes"}', "stream"),
    ],
)
def test_a_request_that_cannot_be_read_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        ChatCompletionsRequest.read(body)
    assert refused.value.param == param
    assert "`" not in refused.value.message


def test_a_released_text_is_a_chunk_like_the_others() -> None:
    chunk = ChatChunk(b'{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"x":1}}')
    said = json.loads(chunk.saying("held", choice=1).data)
    assert said == {
        "id": "1",
        "model": "m",
        "choices": [{"index": 1, "delta": {"content": "held"}, "finish_reason": None}],
    }
