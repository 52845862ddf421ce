"""What is to be embedded goes up as it came, vectors come down as they came, and the record keeps their lengths."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadRequest, UpstreamBroke
from proxy.wire.embeddings import EmbeddingsCompletion, EmbeddingsFormat, EmbeddingsRequest
from records import Usage
from tests.proxy.wire.answers import JSON

IDS = st.lists(st.integers(0, 200_000), min_size=1, max_size=5)
INPUTS = st.text() | st.lists(st.text(), max_size=4) | IDS | st.lists(IDS, min_size=1, max_size=3)
FLOATS = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=20)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A request as some client's library writes it."""
    fields: dict[str, Any] = {"input": draw(INPUTS), "model": draw(st.text(min_size=1)), "x_unknown": draw(JSON)}
    names = draw(st.permutations(list(fields)))
    spaced = draw(st.sampled_from([(",", ":"), (" , ", " : ")]))
    written = json.dumps({name: fields[name] for name in names}, ensure_ascii=draw(st.booleans()), separators=spaced)
    return written.encode()


@st.composite
def vectors(draw: st.DrawFn) -> tuple[Any, int]:
    """A vector in either encoding, and its length."""
    numbers = draw(FLOATS)
    if draw(st.booleans()):
        return numbers, len(numbers)
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode(), len(numbers)


def answer(*embedded: Any, **fields: Any) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(embedded)]
    return json.dumps({"object": "list", "data": data, "model": "e-1", **fields}).encode()


def asked(given: Any) -> EmbeddingsRequest:
    return EmbeddingsRequest.read(json.dumps({"model": "e", "input": given}).encode())


@given(bodies())
def test_reading_changes_nothing(body: bytes) -> None:
    request = EmbeddingsRequest.read(body)
    assert len(request.messages) == len(request.roles) == len(request.fingerprints)
    assert not request.stream
    assert request.asking_usage().body == body


@given(bodies(), st.text(min_size=1))
def test_another_model_changes_the_model_alone(body: bytes, model: str) -> None:
    changed = EmbeddingsRequest.read(body).with_model(model)
    assert changed.model == model
    assert json.loads(changed.body) == {**json.loads(body), "model": model}
    assert list(json.loads(changed.body)) == list(json.loads(body))


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("one", ["one"]),
        (["one", "two"], ["one", "two"]),
        ([1, 2, 3], [""]),
        ([[1, 2], [3]], ["", ""]),
        (["one", {"image": "https://images.example/1"}], ["one", ""]),
        ([], []),
    ],
)
def test_each_input_is_a_message_of_the_user(given: Any, texts: list[str]) -> None:
    messages = asked(given).messages
    assert [message.text for message in messages] == texts
    assert {message.role for message in messages} <= {"user"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b'{"model": "e"}', "input"),
        (b'{"input": "a"}', "model"),
        (b'{"model": "e", "input": 1}', "input"),
        (b'{"model": "e", "input": null}', "input"),
        (b'{"model": "e", "input": {}}', "input"),
        (b'{"model": "e", "input": [1.5]}', "input[0]"),
        (b'{"model": "e", "input": ["a", null]}', "input[1]"),
        (b'{"model": "e", "input": [[1], ["a"]]}', "input[1][0]"),
        (b'{"model": "e", "input": ["a", 1]}', "input"),
        (b'{"model": "e", "input": [[1], 1]}', "input"),
    ],
)
def test_a_request_that_cannot_be_read_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        EmbeddingsRequest.read(body)
    assert refused.value.param == param
    assert "`" not in refused.value.message


def test_who_is_served_is_read() -> None:
    assert EmbeddingsRequest.read(b'{"model": "e", "input": "a", "user": "anna"}').user == "anna"
    assert EmbeddingsRequest.read(b'{"model": "e", "input": "a", "user": 7}').user is None


def test_there_is_no_conversation_to_edit() -> None:
    request = asked("a")
    with pytest.raises(TypeError, match="holds no conversation"):
        request.with_message("user", "b")
    with pytest.raises(TypeError, match="holds no conversation"):
        request.with_instructions("be kind")
    assert request.with_sampling({"temperature": 0}) is request


@given(st.lists(vectors(), max_size=3))
def test_an_answer_is_kept_with_the_length_of_each_vector(embedded: list[tuple[Any, int]]) -> None:
    body = answer(*(vector for vector, _ in embedded), usage={"prompt_tokens": 3, "total_tokens": 3}, x_unknown=1)
    completion = EmbeddingsCompletion(body)
    assert completion.body == body
    kept, expected = json.loads(completion.kept), json.loads(body)
    for item, (_, length) in zip(expected["data"], embedded, strict=True):
        item["embedding"] = {"dimensions": length}
    assert kept == expected


def test_escapes_and_white_space_do_not_change_a_vectors_length() -> None:
    packed = base64.b64encode(b"\xff" * 4).decode()
    assert packed == "/////w=="
    embedded = rb'"\/\u002f\/\/\/w\u003d="', b'"%s"' % packed.encode(), b"[ 1.0 ,\n 2 ]", b"[ ]"
    data = b",".join(b'{"embedding": %s}' % each for each in embedded)
    kept = json.loads(EmbeddingsCompletion(b'{"data": [%s]}' % data).kept)
    assert [item["embedding"]["dimensions"] for item in kept["data"]] == [1, 1, 2, 0]


@pytest.mark.parametrize("embedded", [None, {"float": [1, 2]}, "not base64"])
def test_what_is_no_vector_is_kept_as_it_is(embedded: Any) -> None:
    assert json.loads(EmbeddingsCompletion(answer(embedded)).kept)["data"][0]["embedding"] == embedded


@pytest.mark.parametrize("body", [b"{}", b'{"data": 1}', b'{"data": [1]}', b"no JSON"])
def test_an_answer_of_another_shape_is_kept_while_it_is_small(body: bytes) -> None:
    assert EmbeddingsCompletion(body).kept == body
    large = body + b" " * 100_000
    assert json.loads(EmbeddingsCompletion(large).kept) == {"bytes": len(large)}


def test_the_answer_says_which_model_gave_it_and_what_it_read() -> None:
    completion = EmbeddingsCompletion(answer([1.0], usage={"prompt_tokens": 7, "total_tokens": 7}))
    assert (completion.model, completion.usage) == ("e-1", Usage(input=7))
    assert (completion.id, completion.text, completion.calls, completion.finish_reasons) == (None, "", (), ())


@pytest.mark.parametrize("usage", [None, 1, {"prompt_tokens": -1}, {"prompt_tokens": [1]}, {"prompt_tokens": 2**60}])
def test_odd_counts_are_no_counts(usage: Any) -> None:
    assert EmbeddingsCompletion(answer([1.0], usage=usage)).usage is None


def test_a_whole_answer_comes_down_byte_for_byte() -> None:
    body = b'{ "data" : [ {"embedding":[1.0e0]} ] }'
    chunk = EmbeddingsFormat().read_whole(body)
    assert type(chunk).join([chunk]).body == body


def test_an_error_under_a_status_of_success_is_no_answer() -> None:
    format = EmbeddingsFormat()
    assert not format.is_answer(b'{"error": {"message": "no"}}')
    assert format.is_answer(answer([1.0]))


def test_a_stream_where_none_was_asked_for_is_a_failure_of_the_upstream() -> None:
    with pytest.raises(UpstreamBroke):
        EmbeddingsFormat().read_chunk(b"{}")
