"""The chunks of a streamed chat completion put together into the `chat.completion` they are the pieces of."""

from collections.abc import Sequence
from typing import Any

import orjson


def join_chunks(events: Sequence[bytes]) -> bytes:
    """Text pieces concatenate, tool calls merge by `index`, lists grow, anything else is the last one said.

    What is not of the documented shape was given to the client as it came; it cannot be part of a document.
    """
    try:
        return _joined(events)
    except (RecursionError, orjson.JSONEncodeError):
        return _joined([data for data in events if _is_writable(data)])


def _is_writable(data: bytes) -> bool:
    """More can be read than written: JSON of a thousand levels against two hundred and fifty-four."""
    try:
        orjson.dumps(orjson.loads(data))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False
    return True


def _joined(events: Sequence[bytes]) -> bytes:
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for data in events:
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            continue
        if not isinstance(event, dict):
            continue
        pieces = event.pop("choices", None)
        if isinstance(pieces, list):
            for choice in pieces:
                if isinstance(choice, dict):
                    index = choice.pop("index", 0)
                    _merge_choice(choices.setdefault(index if type(index) is int else 0, {"message": {}}), choice)
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
            if isinstance(value, dict):
                message = into["message"]
                if (calls := value.pop("tool_calls", None)) and isinstance(calls, list):
                    message["tool_calls"] = _merge_calls(message.get("tool_calls") or [], calls)
                _merge(message, value)
        elif key == "logprobs":
            if isinstance(value, dict):
                _merge(into.setdefault("logprobs", {}), value)
        elif key != "message" and (value is not None or key not in into):
            into[key] = value


def _merge(into: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        had: Any = into.get(key)
        if had is None:
            if value is not None or key not in into:
                into[key] = value
        elif key == "role":
            into[key] = value or had
        elif type(had) is type(value) and type(had) in (str, list):
            into[key] = had + value
        elif isinstance(had, dict) and isinstance(value, dict):
            _merge(had, value)
        elif value is not None:
            into[key] = value


def _merge_calls(calls: list[dict[str, Any]], pieces: Sequence[Any]) -> list[dict[str, Any]]:
    for piece in pieces:
        if not isinstance(piece, dict):
            continue
        index = piece.get("index")
        # Whoever leaves out the index sends calls whole.
        call = next((call for call in calls if call["index"] == index), None) if index is not None else None
        if call is None:
            calls.append({**piece, "index": len(calls) if index is None else index})
            continue
        for key, value in piece.items():
            had = call.get(key)
            if isinstance(had, dict) and isinstance(value, dict):
                _merge_called(had, value)
            elif value:
                call[key] = value
    return calls


def _merge_called(into: dict[str, Any], piece: dict[str, Any]) -> None:
    """`function`, or `custom`: its name is said once, or again; its arguments, or input, come in pieces."""
    for key, value in piece.items():
        had = into.get(key)
        if key != "name" and isinstance(had, str) and isinstance(value, str):
            into[key] = had + value
        elif value:
            into[key] = value


def _place(call: dict[str, Any]) -> int:
    index = call["index"]
    return index if isinstance(index, int) else 0


def _choice(index: int, merged: dict[str, Any]) -> dict[str, Any]:
    message = merged.pop("message")
    message.setdefault("role", "assistant")
    message.setdefault("content", None)
    if calls := message.get("tool_calls"):
        calls.sort(key=_place)
    for call in calls or ():
        del call["index"]
        if isinstance(function := call.get("function"), dict) and function.get("arguments") is None:
            function["arguments"] = ""
    return {"index": index, "message": message, **merged}
