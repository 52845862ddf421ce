"""What every stream of the Messages API must be, whoever wrote it: read from its bytes, and checked event by event."""

import json
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

Event: TypeAlias = dict[str, Any]

_DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
    "compaction": {"compaction_delta"},
}
_EMPTY = {"text": ("text", ""), "thinking": ("thinking", ""), "tool_use": ("input", {})}


def events_in(stream: bytes) -> list[Event]:
    """The data of each event; its name must be its type, and each ends in a blank line."""
    assert stream.endswith(b"\n\n"), stream[-200:]
    found = []
    for written in stream.removesuffix(b"\n\n").split(b"\n\n"):
        name, data = written.split(b"\n")
        event = json.loads(data.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode(), written
        found.append(event)
    return found


def check(events: Sequence[Event], *, ending: Literal["message_stop", "error"] = "message_stop") -> None:
    """Raises `AssertionError` at the first event that does not belong where it stands."""
    events = [event for event in events if event["type"] != "ping"]
    assert events[-1]["type"] == ending
    checker = _Checker()
    for event in events:
        checker.take(event)
    assert ending == "error" or checker.stopped


class _Checker:
    """Where a stream stands."""

    def __init__(self) -> None:
        self.started = self.counted = self.stopped = self.failed = False
        self.blocks: list[str] = []
        self.open = False

    def take(self, event: Event) -> None:
        assert not self.stopped, f"{event} after message_stop"
        assert not self.failed, f"{event} after an error"
        kind = event["type"]
        assert self.started == (kind != "message_start") or kind == "error", f"{event} out of place"
        match kind:
            case "message_start":
                self.started = True
                assert event["message"]["content"] == []
                assert event["message"]["role"] == "assistant"
                assert event["message"].get("stop_reason") is None
                assert isinstance(event["message"]["usage"]["input_tokens"], int)
            case "content_block_start":
                assert not self.open, f"{event} inside of another block"
                assert not self.counted, f"{event} after message_delta"
                block = event["content_block"]
                assert event["index"] == len(self.blocks), f"{event} is not block {len(self.blocks)}"
                if block["type"] in _EMPTY:
                    name, nothing = _EMPTY[block["type"]]
                    assert block[name] == nothing, f"{event} says something before its first delta"
                self.blocks.append(block["type"])
                self.open = True
            case "content_block_delta":
                assert self.open, f"{event} outside of a block"
                assert event["index"] == len(self.blocks) - 1
                allowed = _DELTAS.get(self.blocks[-1])
                assert allowed is None or event["delta"]["type"] in allowed, f"{event} in a block of {self.blocks[-1]}"
            case "content_block_stop":
                assert self.open, f"{event} outside of a block"
                assert event["index"] == len(self.blocks) - 1
                self.open = False
            case "message_delta":
                assert not self.open, f"{event} inside of a block"
                assert event["delta"]["stop_reason"]
                assert isinstance(event["usage"]["output_tokens"], int)
                self.counted = True
            case "message_stop":
                assert self.counted, "message_stop before any message_delta"
                self.stopped = True
            case "error":
                assert event["error"]["type"]
                assert isinstance(event["error"]["message"], str)
                self.failed = True
            case _:
                raise AssertionError(f"{event} is of no known type")
