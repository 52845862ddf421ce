"""A stream put together says what the whole answer would have said, and no stream is too odd to be put together."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.chat.join import join_chunks
from proxy.wire.chat.split import split_completion
from tests.proxy.wire.answers import completions, streams


@given(streams())
def test_a_stream_put_together_is_the_answer_it_was_cut_from(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    whole, events = stream
    assert json.loads(join_chunks(events)) == whole


@given(completions())
def test_an_answer_taken_apart_and_put_together_is_the_same(whole: dict[str, Any]) -> None:
    assert json.loads(join_chunks(split_completion(json.dumps(whole).encode(), usage=True))) == whole


KEYS = st.sampled_from(["choices", "index", "delta", "message", "tool_calls", "function", "arguments", "logprobs"])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(ODD.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=5)))
def test_whatever_a_provider_streams_makes_a_document(events: list[bytes]) -> None:
    joined = json.loads(join_chunks(events))
    assert joined["object"] == "chat.completion"
    assert all({"index", "message"} <= choice.keys() for choice in joined["choices"])


def test_calls_sent_whole_and_without_an_index_are_kept_apart() -> None:
    calls = [{"id": str(n), "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in range(2)]
    events = [json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}).encode() for call in calls]
    assert json.loads(join_chunks(events))["choices"][0]["message"]["tool_calls"] == calls
