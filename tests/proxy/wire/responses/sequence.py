"""What every stream of the Responses API keeps to, checked as its client would find out: `said(events)` or it fails."""

import json
from typing import Any

Event = dict[str, Any]

ENDS = ("response.completed", "response.incomplete", "response.failed")
LIFECYCLE = ("response.created", "response.queued", "response.in_progress", *ENDS)
_PARTS = {"content_part": ("content", "content_index"), "reasoning_summary_part": ("summary", "summary_index")}
_IN_PARTS = {
    "output_text": ("content", "content_index", "text"),
    "refusal": ("content", "content_index", "refusal"),
    "reasoning_text": ("content", "content_index", "text"),
    "reasoning_summary_text": ("summary", "summary_index", "text"),
}
_IN_ITEMS = {
    "function_call_arguments": "arguments",
    "custom_tool_call_input": "input",
    "mcp_call_arguments": "arguments",
    "code_interpreter_call_code": "code",
}


def events_of(stream: bytes) -> list[Event]:
    """The events of a body: each with its type for its name, and pings left out."""
    found = []
    for block in stream.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        name, data = lines
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


def said(events: list[Event]) -> Event:
    """The response that a stream told. Fails where one event contradicts another, or the order is not the API's."""
    numbers = [event["sequence_number"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(events))), "sequence numbers have gaps"
    assert [event["type"] for event in events[:1]] == ["response.created"]
    assert [event["type"] for event in events if event["type"] in ENDS] == [events[-1]["type"]], "no end, or not last"
    assert len({event["response"]["id"] for event in events if event["type"] in LIFECYCLE}) == 1
    client = _Client()
    for event in events:
        if event["type"] not in LIFECYCLE:
            client.take(event)
    response: Event = events[-1]["response"]
    assert not client.open, f"never ended: {client.open}"
    assert response["output"] == [client.items[index] for index in sorted(client.items)]
    assert sorted(client.items) == list(range(len(client.items)))
    names = [item["id"] for item in response["output"] if item.get("id")]
    assert len(names) == len(set(names)), "two items of one id"
    return response


def text_of(response: Event) -> str:
    """As `output_text` of the client libraries."""
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == "output_text"
    )


class _Client:
    """Puts items together from their events, and compares what their ends say."""

    def __init__(self) -> None:
        self.items: dict[int, Event] = {}
        self.open: dict[int, set[tuple[str, int]]] = {}
        """For each item that has not ended, the parts of it that have not."""

    def take(self, event: Event) -> None:
        kind: str = event["type"].removeprefix("response.")
        if "output_index" not in event:
            return
        index = event["output_index"]
        if kind == "output_item.added":
            assert index not in self.items, f"item {index} begins twice"
            assert index == len(self.items), f"item {index} begins out of order"
            self.items[index], self.open[index] = json.loads(json.dumps(event["item"])), set()
            return
        assert index in self.open, f"{kind} for item {index}, which is not open"
        item, name = self.items[index], event.get("item_id")
        assert name is None or name == item["id"]
        if kind == "output_item.done":
            assert not self.open.pop(index), "an item ends before its parts"
            self._same(item, event["item"])
            self.items[index] = event["item"]
        elif (stem := kind.rpartition(".")[0]) in _PARTS:
            self._part(kind.rpartition(".")[2], event, *_PARTS[stem])
        elif stem in _IN_PARTS:
            name, place, field = _IN_PARTS[stem]
            assert (name, event[place]) in self.open[index], f"{kind} for a part that is not open"
            self._grow(kind.rpartition(".")[2], item[name][event[place]], field, event)
        elif stem in _IN_ITEMS:
            self._grow(kind.rpartition(".")[2], item, _IN_ITEMS[stem], event)

    def _part(self, stage: str, event: Event, name: str, place: str) -> None:
        index, parts = event["output_index"], self.items[event["output_index"]].setdefault(name, [])
        if stage == "added":
            assert event[place] == len(parts), "a part begins out of order"
            parts.append(json.loads(json.dumps(event["part"])))
            self.open[index].add((name, event[place]))
        else:
            self.open[index].remove((name, event[place]))
            for field in ("text", "refusal"):
                assert parts[event[place]].get(field) == event["part"].get(field), "a part ends with another text"
            parts[event[place]] = event["part"]

    def _grow(self, stage: str, into: Event, field: str, event: Event) -> None:
        if stage == "delta":
            into[field] = (into.get(field) or "") + event["delta"]
        elif stage == "done":
            assert (into.get(field) or "") == event[field], f"{field} ends as another than its deltas make"

    def _same(self, told: Event, ended: Event) -> None:
        """All that was told of an item, its end says too."""
        for field in ("content", "summary"):
            assert (told.get(field) or []) == (ended.get(field) or []), f"{field} ends as another than was told"
        for field in _IN_ITEMS.values():
            assert not told.get(field) or told[field] == ended[field], f"{field} ends as another than was told"
