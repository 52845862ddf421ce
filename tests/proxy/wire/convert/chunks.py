"""Chunks of chat completions, for examples."""

import json
from typing import Any


def chunk(delta: dict[str, Any] | None = None, finish_reason: str | None = None, **fields: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return json.dumps({"id": "1", "model": "small", "choices": choices, **fields}).encode()


def call(index: int | None, arguments: str = "", **begun: Any) -> bytes:
    """A piece of a call; `id` and `name` begin one."""
    name = {"name": begun.pop("name")} if "name" in begun else {}
    place = {} if index is None else {"index": index}
    return chunk({"tool_calls": [{**place, **begun, "function": {**name, "arguments": arguments}}]})


def usage(prompt: int, completion: int, **details: Any) -> bytes:
    return chunk(usage={"prompt_tokens": prompt, "completion_tokens": completion, **details})
