"""The document of a response: what the request set, with OpenAI's defaults for the rest, and what came of it."""

from typing import Any

from tests.support.upstream.asked import Asked
from tests.support.upstream.memory import Item, conversation_of

CREATED = 1_760_000_000
_AS_ASKED: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def response(name: str, asked: Asked) -> dict[str, Any]:
    """A response that has just begun."""
    document = asked.document
    text = document.get("text") or {}
    conversation = conversation_of(document)
    given = {field: document[field] for field in _AS_ASKED if document.get(field) is not None}
    return {
        "id": name,
        "object": "response",
        "created_at": CREATED,
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": asked.model,
        "output": [],
        **_AS_ASKED,
        **given,
        "reasoning": {"effort": None, "summary": None, **(document.get("reasoning") or {})},
        "service_tier": "default",
        "text": {"format": _text_format(text), "verbosity": text.get("verbosity", "medium")},
        "tools": [_tool(tool) for tool in document.get("tools") or []],
        "usage": None,
        **({"conversation": {"id": conversation}} if conversation else {}),
    }


def usage(*, input: int, output: int, cached: int = 0, written: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": input + output,
    }


def _text_format(text: dict[str, Any]) -> Item:
    asked: Item = text.get("format") or {"type": "text"}
    return {"description": None, "strict": True, **asked} if asked["type"] == "json_schema" else asked


def _tool(tool: Item) -> Item:
    return {"description": None, "strict": True, **tool} if tool.get("type") == "function" else tool
