"""Converted streams tell their events in the order that each API promises."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.convert.answer import StreamConverter
from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert.order import Event, check_chat, check_messages, check_responses, parsed
from tests.proxy.wire.convert.random_answers import PAIRS, Answer, answers
from tests.proxy.wire.convert.speaking import SPEECH, streamed, streams

CHECKS: Final[dict[Api, Callable[[Sequence[Event]], None]]] = {
    "chat": check_chat,
    "responses": check_responses,
    "messages": check_messages,
}
each_pair = pytest.mark.parametrize(("source", "target"), PAIRS)


@each_pair
@given(st.data(), answers())
def test_a_converted_stream_is_in_order(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    CHECKS[target](parsed(streamed(data.draw(streams(source, answer)), source, target)))


@pytest.mark.parametrize(("source", "target"), [("messages", "responses"), ("messages", "chat")])
@given(st.data(), answers())
def test_nothing_that_came_is_held_back(source: Api, target: Api, data: st.DataObject, answer: Answer) -> None:
    converter = StreamConverter(source, target, asked=SPEECH[target].asked, id="0f", created=1)
    came, told = Counter[str](), Counter[str]()
    for event in data.draw(streams(source, answer)):
        came += characters(source, [event])
        told += characters(target, converter.feed(event))
        # An input without a character is told as the object that it is, once its block is over.
        assert told - Counter(arguments=told["arguments"]) == came - Counter(arguments=came["arguments"])
        assert told["arguments"] >= came["arguments"]


def characters(api: Api, events: Sequence[bytes]) -> Counter[str]:
    """How much these events tell, of each kind of thing."""
    told = Counter[str]()
    for event in parsed(events):
        match api:
            case "chat":
                for choice in event["choices"]:
                    delta = choice["delta"]
                    told["text"] += len(delta.get("content") or "")
                    told["thought"] += len(delta.get("reasoning_content") or delta.get("reasoning") or "")
                    told["refusal"] += len(delta.get("refusal") or "")
                    for call in delta.get("tool_calls", ()):
                        told["arguments"] += len(call["function"]["arguments"])
            case "responses":
                family, _, stage = event["type"].rpartition(".")
                if stage == "delta":
                    told[_KINDS[family]] += len(event["delta"])
            case "messages":
                delta = event.get("delta", {})
                told["text"] += len(delta.get("text", ""))
                told["thought"] += len(delta.get("thinking", ""))
                told["arguments"] += len(delta.get("partial_json", ""))
                told["refusal"] += len((delta.get("stop_details") or {}).get("explanation", ""))
    return told


_KINDS = {
    "response.output_text": "text",
    "response.reasoning_text": "thought",
    "response.refusal": "refusal",
    "response.function_call_arguments": "arguments",
}
