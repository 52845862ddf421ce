"""Tool calls of a stream, as upstreams really send them."""

import json
from typing import Any

import pytest

from proxy.wire.convert.answer import StreamConverter
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.requests.losses import Losses
from tests.proxy.wire.convert.chunks import call, chunk
from tests.proxy.wire.convert.order import Event, parsed
from tests.proxy.wire.convert.random_answers import Called, Said
from tests.proxy.wire.convert.speaking import SPEECH, converted, streamed

FINISHED = chunk({}, "tool_calls")


class Client:
    """Sees the events of a converted stream as they come."""

    def __init__(self, source: Api, target: Api) -> None:
        self.losses = Losses()
        self._converter = StreamConverter(
            source, target, asked=SPEECH[target].asked, id="0f", created=1, losses=self.losses
        )

    def after(self, *events: bytes) -> list[Event]:
        return parsed([told for event in events for told in self._converter.feed(event)])

    def end(self) -> list[Event]:
        return parsed(self._converter.end())


def deltas(events: list[Event]) -> list[tuple[int, str]]:
    """Index and text of what was told of inputs."""
    found = []
    for event in events:
        if event["type"] == "response.function_call_arguments.delta":
            found.append((event["output_index"], event["delta"]))
        elif event["type"] == "content_block_delta":
            found.append((event["index"], event["delta"]["partial_json"]))
    return found


def answer(target: Api, events: list[bytes]) -> tuple[Any, ...]:
    speech = SPEECH[target]
    return speech.read(speech.join(streamed(events, "chat", target))).parts


def test_calls_side_by_side_are_told_one_after_another_in_responses() -> None:
    """The API could tell them side by side; clients of it lose arguments then."""
    client = Client("chat", "responses")
    client.after(call(0, id="a", name="f"), call(1, id="b", name="g"))
    assert deltas(client.after(call(1, '{"y"'))) == []
    assert deltas(client.after(call(0, '{"x"'))) == [(0, '{"x"')]
    assert deltas(client.after(call(1, ":2}"))) == []
    assert deltas(client.after(call(0, ":1}"))) == [(0, ":1}"), (1, '{"y"'), (1, ":2}")]


def test_in_messages_the_first_call_streams_and_the_next_waits_until_its_json_is_whole() -> None:
    client = Client("chat", "messages")
    client.after(call(0, id="a", name="f"), call(1, id="b", name="g"))
    assert deltas(client.after(call(0, '{"x": "}'))) == [(0, '{"x": "}')]
    assert client.after(call(1, "{")) == []
    told = client.after(call(0, '\\""}'))
    assert [event["type"] for event in told] == [
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
    ]
    assert deltas([event for event in told if "delta" in event]) == [(0, '\\""}'), (1, "{")]
    assert deltas(client.after(call(1, "}"))) == [(1, "}")]


def test_in_messages_a_call_that_nobody_overtakes_lets_the_next_stream_at_once() -> None:
    client = Client("chat", "messages")
    client.after(call(0, '{"x": 1}', id="a", name="f"))
    assert [event["type"] for event in client.after(call(1, id="b", name="g"))] == [
        "content_block_stop",
        "content_block_start",
    ]
    assert deltas(client.after(call(1, '{"y"'))) == [(1, '{"y"')]


def test_in_messages_what_follows_a_call_that_is_no_json_waits_for_the_end() -> None:
    client = Client("chat", "messages")
    client.after(call(0, "x = 1", id="a", name="f"))
    assert client.after(call(1, "{}", id="b", name="g")) == []
    assert deltas([event for event in client.after(FINISHED) if "delta" in event]) == [(1, "{}")]


def test_in_messages_arguments_that_go_on_after_their_json_are_noted_as_lost() -> None:
    client = Client("chat", "messages")
    client.after(call(0, "{}", id="a", name="f"), call(1, "{}", id="b", name="g"), call(0, " "))
    assert client.losses.told() == ()
    client.after(call(0, '{"x": 1}'))
    assert client.losses.told() == ("arguments: they went on after the end of their JSON",)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_many_calls_at_once_are_told_all(target: Api) -> None:
    calls = [Called(f"c{n}", "f", json.dumps({"n": n})) for n in range(2000)]
    begun = [call(n, id=each.id, name="f") for n, each in enumerate(calls)]
    said = [call(n, each.arguments) for n, each in enumerate(calls)]
    assert answer(target, [*begun, *reversed(said), FINISHED]) == tuple(calls)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_whoever_leaves_out_the_index_sends_calls_whole(target: Api) -> None:
    events = [call(None, "{}", id="a", name="f"), call(None, "{}", id="b", name="g"), FINISHED]
    assert answer(target, events) == (Called("a", "f", "{}"), Called("b", "g", "{}"))


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_calls_that_all_have_the_same_index_are_known_by_their_ids(target: Api) -> None:
    events = [call(0, "{}", id="a", name="f"), call(0, "{}", id="b", name="f"), FINISHED]
    assert answer(target, events) == (Called("a", "f", "{}"), Called("b", "f", "{}"))


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_an_id_that_changes_with_every_piece_is_the_first_one(target: Api) -> None:
    events = [call(0, id="a", name="f"), call(0, "{", id="b"), call(0, "}", id="c"), FINISHED]
    assert answer(target, events) == (Called("a", "f", "{}"),)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_a_name_may_come_after_the_first_piece(target: Api) -> None:
    events = [call(0, id="a"), call(0, "{"), call(0, name="f"), call(0, "}"), FINISHED]
    assert answer(target, events) == (Called("a", "f", "{}"),)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_a_call_without_an_id_is_given_one_made_of_the_answers_own(target: Api) -> None:
    (told,) = answer(target, [call(0, "{}", name="f"), FINISHED])
    assert told.id.startswith("call_0f")


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_arguments_may_come_as_the_object_they_stand_for(target: Api) -> None:
    piece = chunk({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": [1]}}}]})
    assert answer(target, [piece, FINISHED]) == (Called("a", "f", '{"x":[1]}'),)


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_text_may_follow_a_call(target: Api) -> None:
    events = [call(0, "{}", id="a", name="f"), chunk({"content": "So"}), chunk({"content": "!"}), FINISHED]
    assert answer(target, events) == (Called("a", "f", "{}"), Said("So!"))


@pytest.mark.parametrize("target", ["responses", "messages"])
def test_the_last_chunk_may_say_all(target: Api) -> None:
    function = {"name": "f", "arguments": "{}"}
    events = [chunk({"content": "So", "tool_calls": [{"index": 0, "id": "a", "function": function}]}, "stop")]
    assert answer(target, events) == (Said("So"), Called("a", "f", "{}"))


def test_an_input_that_is_no_object_is_kept_under_the_key_that_anthropic_names() -> None:
    for arguments in ('{"x": ', "[1]", "no"):
        message = {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": arguments}}]}
        whole = json.dumps({"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        (block,) = json.loads(converted(whole, "chat", "messages"))["content"]
        assert block["input"] == {"INVALID_JSON": arguments}


def test_no_arguments_are_an_empty_object_in_messages_and_none_in_responses() -> None:
    message = {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": ""}}]}
    whole = json.dumps({"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    assert json.loads(converted(whole, "chat", "messages"))["content"][0]["input"] == {}
    assert json.loads(converted(whole, "chat", "responses"))["output"][0]["arguments"] == ""


def test_numbers_of_an_input_keep_their_digits() -> None:
    arguments = '{"x": 1.0, "y": 123456789012345678901234567890, "z": 1e400}'
    message = {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": arguments}}]}
    whole = json.dumps({"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    assert arguments.encode() in converted(whole, "chat", "messages")
