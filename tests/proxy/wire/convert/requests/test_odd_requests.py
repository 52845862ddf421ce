"""However a request is wrong, it is refused in the words of the API, or converted to a document."""

import json
from contextlib import suppress
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadRequest
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request
from tests.proxy.wire.convert.strategies import talks
from tests.proxy.wire.convert.told import told

APIS: tuple[Api, ...] = ("chat", "responses", "messages")
PAIRS = list(permutations(APIS, 2))

WORDS = st.sampled_from(
    (
        *(
            "user",
            "assistant",
            "system",
            "developer",
            "tool",
            "function",
            "custom",
            "text",
            "image",
            "image_url",
            "url",
        ),
        *(
            "input_image",
            "input_file",
            "file",
            "document",
            "base64",
            "tool_use",
            "tool_result",
            "thinking",
            "reasoning",
        ),
        *("redacted_thinking", "function_call", "function_call_output", "custom_tool_call", "message", "namespace"),
        *("custom_tool_call_output", "tool_search", "tool_search_call", "tool_search_output", "additional_tools"),
        *("allowed_tools", "auto", "none", "required", "any", "json_schema", "enabled", "adaptive", "disabled"),
        *("web_search", "refusal", "client", "low", "{}", "type"),
    )
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def with_odd(document: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = document.copy()
    copy[path[0]] = with_odd(document[path[0]], path[1:], odd)
    return copy


def converted_or_refused(body: bytes, source: Api, target: Api) -> None:
    """Anything but a `BadRequest` fails the test, and so does a conversion to what is no document."""
    with suppress(BadRequest):
        assert json.loads(convert_request(body, source, target).body).keys() >= {"model"}


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(data=st.data())
def test_a_request_with_something_odd_in_it_is_converted_or_refused(
    source: Api, target: Api, data: st.DataObject
) -> None:
    document = json.loads(msgspec.json.encode(told(data.draw(talks(source, target)), source)))
    for _ in range(data.draw(st.integers(1, 3))):
        document = with_odd(document, data.draw(st.sampled_from(places(document))), data.draw(ODD))
    converted_or_refused(json.dumps(document).encode(), source, target)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(document=ODD)
def test_a_document_that_is_no_request_is_refused(source: Api, target: Api, document: Any) -> None:
    with pytest.raises(BadRequest):
        convert_request(json.dumps(document).encode(), source, target)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"model": "\\ud800", "messages": []}',
        b'{"model": "m", "max_tokens": 1e999, "messages": []}',
        b'{"model": "m", "max_tokens": ' + b"9" * 6000 + b', "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "m", "temperature": 1e400, "messages": [], "max_tokens": 1}',
        b'{"model": "m", "messages": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
    ids=["empty", "cut", "not text", "a list", "half a character", "endless", "digits", "too hot", "deep"],
)
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_can_hardly_be_read_is_converted_or_refused(source: Api, target: Api, body: bytes) -> None:
    converted_or_refused(body, source, target)
