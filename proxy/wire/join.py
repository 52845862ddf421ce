"""The chunks of a streamed chat completion put together into the `chat.completion` they are the pieces of."""

from collections.abc import Sequence
from typing import Any

import orjson

from records import JsonValue


def join_chunks(events: Sequence[bytes]) -> bytes:
    """Text pieces concatenate, tool calls merge by `index`, lists grow, anything else is the last one said."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for data in events:
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            continue  # The client was given it as it came; it cannot be part of a document.
        if not isinstance(event, dict):
            continue
        for choice in event.pop("choices", None) or ():
            _merge_choice(choices.setdefault(choice.get("index", 0), {"message": {}}), choice)
        if whole:
            whole.update((key, value) for key, value in event.items() if value is not None)
        else:
            whole = event
    whole["object"] = "chat.completion"
    whole["choices"] = [_choice(index, choices[index]) for index in sorted(choices)]
    return orjson.dumps(whole)


def _merge_choice(into: dict[str, Any], choice: dict[str, Any]) -> None:
    for key, value in choice.items():
        if key == "delta":
            if value:
                _merge(into["message"], value)
        elif key == "logprobs":
            if value:
                _merge(into.setdefault("logprobs", {}), value)
        elif value is not None or key not in into:
            into[key] = value


def _merge(into: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        had: Any = into.get(key)
        if had is None:
            if key == "tool_calls" and value:
                into[key] = _merge_calls([], value)
            elif value is not None or key not in into:
                into[key] = value
        elif key == "role":
            into[key] = value
        elif key == "tool_calls":
            _merge_calls(had, value or ())
        elif type(had) is type(value) and type(had) in (str, list):
            into[key] = had + value
        elif isinstance(had, dict) and isinstance(value, dict):
            _merge(had, value)
        elif value is not None:
            into[key] = value


def _merge_calls(calls: list[dict[str, Any]], pieces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    for piece in pieces:
        index = piece.get("index", len(calls))
        call = next((call for call in calls if call["index"] == index), None)
        if call is None:
            calls.append({**piece, "index": index, "function": dict(piece.get("function") or {})})
            continue
        for key in ("id", "type"):
            if piece.get(key):
                call[key] = piece[key]
        function: dict[str, JsonValue] = piece.get("function") or {}
        if function.get("name"):
            call["function"]["name"] = function["name"]
        call["function"]["arguments"] = (call["function"].get("arguments") or "") + (function.get("arguments") or "")
    return calls


def _choice(index: int, merged: dict[str, Any]) -> dict[str, Any]:
    message = merged.pop("message")
    message.setdefault("role", "assistant")
    message.setdefault("content", None)
    for call in message.get("tool_calls") or ():
        call.pop("index", None)
    return {"index": index, "message": message, **{key: value for key, value in merged.items() if key != "index"}}
