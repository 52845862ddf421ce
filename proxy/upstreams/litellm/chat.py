"""Between the chat-completions documents of our clients and what litellm takes and gives."""

from typing import Any, Final

import orjson

from proxy.errors import BadRequest
from proxy.upstreams.litellm.documents import fields_for
from records import JsonValue

_FIELDS: Final = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "min_p",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_KEPT_NULLS: Final = ("content", "refusal")


def arguments_of(body: bytes, provider: str) -> dict[str, JsonValue]:
    """The keyword arguments for `acompletion`, without `model`. Raises `BadRequest`, also for what litellm would
    stumble over without saying why: that would pass for a failure of the provider."""
    fields = fields_for(body, provider, _FIELDS)
    metadata = fields.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
    ):
        raise BadRequest("metadata: must map names to texts", param="metadata", code="invalid_type")
    for place, message in enumerate(fields["messages"]):
        content = message.get("content")
        if not (isinstance(content, str | None) or (isinstance(content, list) and all(map(_is_part, content)))):
            name = f"messages[{place}].content"
            raise BadRequest(f"{name}: must be text or a list of parts", param=name, code="invalid_type")
    return fields


def _is_part(value: object) -> bool:
    return isinstance(value, dict)


def whole(response: Any) -> bytes:
    """A `chat.completion` document."""
    document: dict[str, JsonValue] = response.model_dump(exclude_none=True)
    for choice in document.get("choices") or ():
        _complete(choice, choice.setdefault("message", {}))
    return orjson.dumps(document)


def chunk(part: Any) -> bytes:
    """A `chat.completion.chunk` document. Usage comes with no choices, as clients expect it."""
    document: dict[str, JsonValue] = part.model_dump(exclude_none=True)
    choices = document.get("choices") or []
    if document.get("usage") and not any(choice.get("delta") or choice.get("finish_reason") for choice in choices):
        document["choices"] = []
    for choice in document.get("choices") or ():
        choice.setdefault("delta", {})
        choice.setdefault("finish_reason", None)
    return orjson.dumps(document)


def _complete(choice: dict[str, JsonValue], message: dict[str, JsonValue]) -> None:
    choice.setdefault("finish_reason", None)
    for name in _KEPT_NULLS:
        message.setdefault(name, None)
