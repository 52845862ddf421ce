"""A stream put together says what the whole answer would have said, and no stream is too odd to be put together."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import UpstreamBroke
from proxy.wire.completions.join import join_chunks, split_completion
from tests.proxy.wire.completions.texts import streams, wholes


@given(streams())
def test_a_stream_put_together_is_the_answer_it_was_cut_from(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    assert json.loads(join_chunks(events)) == whole


@given(wholes())
def test_an_answer_taken_apart_and_put_together_is_the_same(whole: dict[str, Any]) -> None:
    assert json.loads(join_chunks(split_completion(json.dumps(whole).encode(), usage=True))) == whole


KEYS = st.sampled_from(["choices", "index", "text", "logprobs", "tokens", "finish_reason", "usage"])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(ODD.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=5)))
def test_whatever_a_provider_streams_makes_a_document(events: list[bytes]) -> None:
    joined = json.loads(join_chunks(events))
    assert joined["object"] == "text_completion"
    assert all({"index", "text", "finish_reason"} <= choice.keys() for choice in joined["choices"])


def test_lists_with_white_space_in_them_grow() -> None:
    events = [
        b'{"choices":[{"token_ids":[ ]}]}',
        b'{"choices":[{"token_ids":[ 1 , 2 ]}]}',
        b'{"choices":[{"token_ids":[3]}]}',
    ]
    assert json.loads(join_chunks(events))["choices"][0]["token_ids"] == [1, 2, 3]


@pytest.mark.parametrize("body", [b"{}", b'{"choices": 1}', b"[]", b'{"choices": null}'])
def test_what_has_no_choices_cannot_be_streamed(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        split_completion(body, usage=True)
