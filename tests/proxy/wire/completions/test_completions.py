"""A prompt goes up as it came, and what is said comes down as it came, but for the usage that nobody asked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ApiError, BadRequest, UpstreamBroke
from proxy.wire.completions import CompletionsChunk, CompletionsFormat, CompletionsRequest, TextCompletion
from records import Usage
from tests.proxy.wire.answers import JSON
from tests.proxy.wire.completions.texts import wholes

IDS = st.lists(st.integers(0, 200_000), min_size=1, max_size=5)
PROMPTS = st.none() | st.text() | st.lists(st.text(), max_size=4) | IDS | st.lists(IDS, min_size=1, max_size=3)
KNOWN = {"model", "prompt", "stream", "stream_options", "max_tokens", "user"}
OTHERS = st.dictionaries(st.text().filter(lambda key: key not in KNOWN), JSON, max_size=4)


@st.composite
def bodies(draw: st.DrawFn, /, **said: Any) -> bytes:
    """A request as some client's library writes it."""
    fields = {"prompt": draw(PROMPTS), "model": draw(st.text(min_size=1)), **said, **draw(OTHERS)}
    names = draw(st.permutations(list(fields)))
    spaced = draw(st.sampled_from([(",", ":"), (" , ", " : ")]))
    written = json.dumps({name: fields[name] for name in names}, ensure_ascii=draw(st.booleans()), separators=spaced)
    return written.encode()


def asked(**fields: Any) -> CompletionsRequest:
    return CompletionsRequest.read(json.dumps({"model": "m", "prompt": "Once", **fields}).encode())


@given(bodies())
def test_reading_changes_nothing(body: bytes) -> None:
    request = CompletionsRequest.read(body)
    assert len(request.messages) == len(request.roles) == len(request.fingerprints)
    assert request.body == request.asking_usage().body == body


@given(bodies(), st.text(min_size=1))
def test_another_model_changes_the_model_alone(body: bytes, model: str) -> None:
    changed = CompletionsRequest.read(body).with_model(model)
    assert changed.model == model
    assert json.loads(changed.body) == {**json.loads(body), "model": model}


@given(bodies(stream=True))
def test_usage_is_asked_for_at_the_end_of_a_stream(body: bytes) -> None:
    request = CompletionsRequest.read(body)
    asking = request.asking_usage()
    assert (request.wants_usage, asking.wants_usage) == (False, True)
    assert json.loads(asking.body) == {**json.loads(body), "stream_options": {"include_usage": True}}
    assert asking.asking_usage() is asking


def test_usage_is_asked_for_beside_the_other_options() -> None:
    asking = asked(stream=True, stream_options={"x": 1, "include_usage": False}).asking_usage()
    assert json.loads(asking.body)["stream_options"] == {"x": 1, "include_usage": True}


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [("one", ["one"]), (["one", "two"], ["one", "two"]), ([1, 2, 3], [""]), ([[1, 2], [3]], ["", ""]), (None, [""])],
)
def test_each_prompt_is_a_message_of_the_user(prompt: Any, texts: list[str]) -> None:
    assert [(message.role, message.text) for message in asked(prompt=prompt).messages] == [("user", t) for t in texts]


def test_a_prompt_may_be_left_out() -> None:
    assert CompletionsRequest.read(b'{"model": "m"}').question == ""


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b'{"prompt": "a"}', "model"),
        (b'{"model": "m", "prompt": 1}', "prompt"),
        (b'{"model": "m", "prompt": [null]}', "prompt[0]"),
        (b'{"model": "m", "prompt": [[1, "a"]]}', "prompt[0][1]"),
        (b'{"model": "m", "prompt": [1, "a"]}', "prompt"),
        (b'{"model": "m", "stream": "yes"}', "stream"),
    ],
)
def test_a_request_that_cannot_be_read_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        CompletionsRequest.read(body)
    assert refused.value.param == param


def test_sampling_is_set_and_a_conversation_is_not_there_to_edit() -> None:
    request = asked(max_tokens=5)
    assert request.max_tokens == 5
    assert json.loads(request.with_sampling({"temperature": 0, "max_tokens": 9}).body) == {
        "model": "m", "prompt": "Once", "max_tokens": 9, "temperature": 0,
    }  # fmt: skip
    with pytest.raises(TypeError, match="holds no conversation"):
        request.with_message("user", "b")
    with pytest.raises(TypeError, match="holds no conversation"):
        request.with_instructions("be kind")


@given(wholes(), st.text())
def test_another_text_changes_the_text_of_one_choice(whole: dict[str, Any], text: str) -> None:
    changed = TextCompletion(json.dumps(whole).encode()).with_text(text)
    whole["choices"][0]["text"] = text
    assert json.loads(changed.body) == whole
    assert changed.text == text


@given(wholes())
def test_an_answer_is_read_without_being_changed(whole: dict[str, Any]) -> None:
    body = json.dumps(whole).encode()
    chunk = CompletionsFormat().read_whole(body)
    completion = type(chunk).join([chunk])
    assert completion.body == body
    assert [delta.text for delta in chunk.deltas] == list(completion.texts) == [c["text"] for c in whole["choices"]]
    assert list(completion.finish_reasons) == [choice["finish_reason"] for choice in whole["choices"]]
    assert (completion.id, completion.model) == (whole["id"], whole["model"])
    assert completion.usage == Usage(whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"])


@given(wholes(), st.booleans())
def test_usage_reaches_only_clients_that_asked(whole: dict[str, Any], wanted: bool) -> None:
    format = CompletionsFormat()
    writer = format.writer(asked(stream=True, stream_options={"include_usage": wanted}))
    event = writer.event(format.read_chunk(json.dumps(whole).encode()))
    seen = json.loads(event.removeprefix(b"data: "))
    assert seen == (whole if wanted else {key: value for key, value in whole.items() if key != "usage"})
    alone = writer.event(CompletionsChunk(json.dumps({**whole, "choices": []}).encode()))
    assert bool(alone) == wanted


@given(wholes(), st.booleans())
def test_a_whole_answer_streams_as_what_it_says_and_the_usage_if_wanted(whole: dict[str, Any], wanted: bool) -> None:
    writer = CompletionsFormat().writer(asked(stream=True, stream_options={"include_usage": wanted}))
    said, *rest = [json.loads(event[6:]) for event in writer.whole(TextCompletion(json.dumps(whole).encode()))]
    usage = whole.pop("usage")
    assert said == whole
    assert rest == ([{**whole, "choices": [], "usage": usage}] if wanted else [])
    assert writer.end() == b"data: [DONE]\n\n"


def test_an_answer_of_our_own_looks_like_a_providers() -> None:
    completion = asked().answer("upon a time", "length")
    assert (completion.text, completion.model, list(completion.finish_reasons)) == ("upon a time", "m", ["length"])
    assert json.loads(completion.body)["object"] == "text_completion"


def test_a_released_text_is_a_chunk_like_the_others() -> None:
    chunk = CompletionsChunk(b'{"id":"1","model":"m","choices":[{"index":0,"text":"a"}],"usage":{"x":1}}')
    assert json.loads(chunk.saying("held", choice=1).data) == {
        "id": "1",
        "model": "m",
        "choices": [{"index": 1, "text": "held", "logprobs": None, "finish_reason": None}],
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"error": {"message": "out of memory"}}', "out of memory"),
        (b'{"id": "1", "error": "gone"}', "gone"),
        (b"oops", "no JSON object"),
    ],
)
def test_an_error_in_a_stream_is_one(data: bytes, message: str) -> None:
    with pytest.raises(UpstreamBroke, match=message):
        CompletionsFormat().read_chunk(data)


def test_text_about_errors_is_none() -> None:
    data = b' {"choices": [{"text": "an \\"error\\"", "error": null}]} '
    assert CompletionsFormat().read_chunk(data).text == 'an "error"'


def test_a_stream_that_fails_ends_in_the_error() -> None:
    writer = CompletionsFormat().writer(asked(stream=True))
    told = writer.error(ApiError(502, "broke", code="upstream_broke"), "run-1", None)
    assert json.loads(told.removeprefix(b"data: "))["error"]["request_id"] == "run-1"
    assert writer.error(ApiError(502, "broke"), "run-1", b'{"error":{}}') == b'data: {"error":{}}\n\n'
