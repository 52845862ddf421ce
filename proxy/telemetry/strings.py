"""Changing the strings within JSON text, whatever its structure."""

import json
from collections.abc import Callable
from typing import Any

import orjson


def change_strings(text: str, change: Callable[[str], str]) -> str:
    """`text` with each of its JSON string values put through `change`; text that is not JSON is changed as one string.

    Comes back as it was, byte for byte, when nothing changed.
    """
    dumps: Callable[[Any], str]
    try:
        document, dumps = orjson.loads(text), _compact
    except orjson.JSONDecodeError:
        try:
            # Accepts what orjson refuses: lone surrogates, NaN.
            document, dumps = json.loads(text), json.dumps
        except ValueError:
            return change(text)
    root = [document]
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
    return dumps(root[0]) if changed else text


def _compact(document: Any) -> str:
    return orjson.dumps(document).decode()
