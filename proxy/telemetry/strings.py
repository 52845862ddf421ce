"""Changing the strings within JSON text, whatever its structure."""

import json
from collections.abc import Callable
from typing import Any

import orjson


def change_strings(text: str, change: Callable[[str], str]) -> str:
    """`text` with each of its JSON string values put through `change`.

    It comes back as it was, byte for byte, when nothing changed. Text that is not JSON, or is nested deeper than Python
    can follow, is changed as one string.
    """
    try:
        root = [_load(text)]
        return _dump(root[0]) if _changed(root, change) else text
    except (ValueError, RecursionError):
        return change(text)


def _changed(root: list[Any], change: Callable[[str], str]) -> bool:
    changed = False
    todo: list[Any] = [root]
    while todo:
        node = todo.pop()
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, str):
                new = change(value)
                if new != value:
                    node[key] = new
                    changed = True
            elif isinstance(value, dict | list):
                todo.append(value)
    return changed


def _load(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # It takes more: half a surrogate pair, NaN.
        return json.loads(text)


def _dump(document: Any) -> str:
    try:
        return orjson.dumps(document).decode()
    except TypeError:
        return json.dumps(document)
