"""`response` documents of our own: what the request set, the API's defaults for the rest, and what came of it."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.wire.responses.output_text import message_id, message_item
from proxy.wire.responses.raw import encode, fields_in, items_in, raw, text_in
from records import JsonValue

_DEFAULTS: Final[dict[str, JsonValue]] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "model": "",
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_REASONS: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
_NO_TOKENS: Final[JsonValue] = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}


def answer_to(request: bytes, text: str, finish_reason: str) -> bytes:
    """A finished response that says `text`. Its ids are made of what it says to what, and so its own."""
    reason = _REASONS.get(finish_reason)
    status = "incomplete" if reason else "completed"
    named = hashlib.blake2b(request + b"\0" + text.encode("utf-8", "surrogatepass"), digest_size=24).hexdigest()
    now = int(time.time())
    return encode(
        {
            **begun(request, id=f"resp_{named}", created_at=now),
            "status": status,
            "completed_at": None if reason else now,
            "incomplete_details": {"reason": reason} if reason else None,
            "output": [msgspec.Raw(message_item(message_id(named.encode()), text, status=status))],
            "usage": _NO_TOKENS,
        }
    )


def begun(request: bytes, *, id: str, created_at: int) -> dict[str, JsonValue | msgspec.Raw]:
    """A response in which nothing has been said yet."""
    asked = fields_in(request)
    given = {name: asked[name] for name in _DEFAULTS if name in asked and _is_given(asked[name])}
    document: dict[str, JsonValue | msgspec.Raw] = {
        "id": id,
        "object": "response",
        "created_at": created_at,
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
        **_DEFAULTS,
        **given,
        "reasoning": _over({"effort": None, "summary": None}, asked.get("reasoning")),
        "text": _over({"format": {"type": "text"}, "verbosity": "medium"}, asked.get("text")),
        "tools": _tools(asked.get("tools")),
    }
    if (named := asked.get("conversation")) is not None and _is_given(named):
        document["conversation"] = raw({"id": named}) if bytes(named).startswith(b'"') else named
    return document


def nothing_asked() -> dict[str, Any]:
    """For an answer of which nobody has said what it answers, or how it began."""
    return begun(b"{}", id="resp_burnish", created_at=0)


def _is_given(value: msgspec.Raw) -> bool:
    return bytes(value) != b"null"


def _over(defaults: dict[str, JsonValue], given: msgspec.Raw | None) -> msgspec.Raw:
    """An object with these defaults."""
    return raw({**defaults, **{name: value for name, value in fields_in(given).items() if _is_given(value)}})


def _tools(given: msgspec.Raw | None) -> Sequence[msgspec.Raw]:
    """As they are told in an answer: a function with all its fields."""
    defaults: dict[str, JsonValue] = {"description": None, "parameters": None, "strict": True}
    return [
        _over(defaults, tool) if text_in(fields_in(tool).get("type")) == "function" else tool
        for tool in items_in(given)
    ]
