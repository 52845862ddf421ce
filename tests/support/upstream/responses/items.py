"""The items that a request sent, as they are kept and listed."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs

from tests.support.upstream.memory import Item, Memory

_PREFIXES = {"message": "msg", "function_call_output": "fco", "custom_tool_call_output": "ctco"}


def with_ids(items: Iterable[Item], memory: Memory, number: int) -> list[Item]:
    """Each has an id, and content in parts."""
    kept = []
    for place, item in enumerate(items):
        kind: str = item.get("type", "message")
        name = item.get("id") or memory.name(_PREFIXES.get(kind, kind), number, 0x1000 + place)
        text = {"type": "output_text" if item.get("role") == "assistant" else "input_text", "text": item.get("content")}
        content = {"content": [text]} if isinstance(text["text"], str) else {}
        kept.append({"status": "completed", **item, "type": kind, "id": name, **content})
    return kept


def page_of(items: Sequence[Item], query: str) -> dict[str, Any]:
    """The last come first, unless the query says `order=asc`."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    ordered = list(items if asked.get("order") == "asc" else reversed(items))
    names = [item["id"] for item in ordered]
    start = names.index(asked["after"]) + 1 if asked.get("after") in names else 0
    page = ordered[start : start + int(asked.get("limit", 20))]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + len(page) < len(ordered),
    }
