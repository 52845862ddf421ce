"""What Anthropic refuses before a model sees it: thoughts that it did not sign."""

from collections.abc import Iterator
from typing import Any

from tests.support.upstream.answer import Answer
from tests.support.upstream.failures import Failure, error
from tests.support.upstream.memory import Memory
from tests.support.upstream.received import Received

_SEALS = {"thinking": "signature", "redacted_thinking": "data"}


def refusal(document: dict[str, Any], request: Received) -> Answer | None:
    failure = next(_refusals(document, request.memory), None)
    return None if failure is None else failure(request)


def _refusals(document: dict[str, Any], memory: Memory) -> Iterator[Failure]:
    messages = document.get("messages")
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else None
        for place, block in enumerate(content if isinstance(content, list) else ()):
            kind = block.get("type") if isinstance(block, dict) else None
            if kind in _SEALS and not memory.opens(block.get(_SEALS[kind])):
                at = f"messages.{number}.content.{place}"
                yield error(400, f"{at}: Invalid `{_SEALS[kind]}` in `{kind}` block")
