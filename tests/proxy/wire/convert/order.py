"""In what order the events of each API's streams may come."""

import json
from collections.abc import Sequence
from typing import Any

Event = dict[str, Any]

_TEXTS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
}


def check_responses(events: Sequence[Event]) -> None:
    """Each item and part is added once, told, and done as it was told; the response in the end is what was done."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] in ("response.completed", "response.incomplete")
    ids: list[str] = []
    open: set[int] = set()
    done: dict[int, Any] = {}
    parts: dict[tuple[Any, ...], str] = {}
    for event in events[2:-1]:
        kind, index = event["type"], event["output_index"]
        if kind == "response.output_item.added":
            assert index == len(ids)
            assert event["item"].get("status", "in_progress") == "in_progress"
            ids.append(event["item"]["id"])
            open.add(index)
            continue
        assert index in open
        if kind == "response.output_item.done":
            assert event["item"]["id"] == ids[index]
            assert not [place for place in parts if place[0] == index and place[1] is not None]
            open.remove(index)
            done[index] = event["item"]
            continue
        assert event["item_id"] == ids[index]
        place = (index, event.get("content_index", event.get("summary_index")))
        family, _, stage = kind.rpartition(".")
        if stage == "added" and family != "response.output_text.annotation":
            assert place not in parts
            parts[place] = ""
        elif stage == "delta":
            parts[place] = parts.get(place, "") + event["delta"]
        elif family in _TEXTS:
            assert event[_TEXTS[family]] == parts.get(place, "")
        elif stage == "done":
            assert event["part"].get("text", event["part"].get("refusal")) == parts.pop(place)
    final = events[-1]["response"]
    assert not open
    assert final["output"] == [done[index] for index in range(len(ids))]
    assert len(set(ids)) == len(ids)
    assert {event["response"]["id"] for event in events if "response" in event} == {final["id"]}


def check_messages(events: Sequence[Event]) -> None:
    """One block after another."""
    kinds = [event["type"] for event in events]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    open: str | None = None
    index = 0
    for event in events[1:-2]:
        assert event["index"] == index
        match event["type"]:
            case "content_block_start":
                assert open is None
                open = event["content_block"]["type"]
            case "content_block_delta":
                assert event["delta"]["type"] in _DELTAS[open or ""]
            case "content_block_stop":
                assert open is not None
                open, index = None, index + 1
            case kind:
                raise AssertionError(kind)
    assert open is None


_DELTAS = {
    "text": ("text_delta", "citations_delta"),
    "thinking": ("thinking_delta", "signature_delta"),
    "redacted_thinking": (),
    "tool_use": ("input_json_delta",),
}


def check_chat(events: Sequence[Event]) -> None:
    """The role first, a call's id and name once, the reason last, and then only the usage."""
    *chunks, usage = events
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] >= 0
    assert {(chunk["id"], chunk["object"], chunk["model"], chunk["created"]) for chunk in events} == {
        (usage["id"], "chat.completion.chunk", usage["model"], usage["created"])
    }
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert len(choices) == len(chunks)
    assert all(chunk["usage"] is None for chunk in chunks)
    assert choices[0]["delta"] == {"role": "assistant", "content": None}
    assert [choice["finish_reason"] for choice in choices[:-1]] == [None] * (len(choices) - 1)
    assert choices[-1]["delta"] == {}
    assert choices[-1]["finish_reason"] is not None
    begun = 0
    for choice in choices[1:-1]:
        for call in choice["delta"].get("tool_calls", ()):
            if "id" in call:
                assert call["index"] == begun
                assert call["function"]["name"]
                begun += 1
            else:
                assert call["index"] < begun
                assert "name" not in call["function"]


def parsed(events: Sequence[bytes]) -> list[Event]:
    return [json.loads(event) for event in events]
