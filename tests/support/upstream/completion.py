"""The words a test scripts a model with: `says("a", "b")`, `calls(tool("weather", city="Paris"))`, `refuses("No.")`."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.upstream import chat, messages
from tests.support.upstream.answer import Answer
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Part, Raw, Spoken, ToolCall

PING = Raw(b": ping\n\n")


class Completion(Spoken):
    """A model's answer, and the reply it makes: a document or a stream, in the API that the request came by."""

    def __call__(self, request: Received) -> Answer:
        if request.path.endswith("/messages"):
            return messages.render(self, request)
        return chat.render(self, request)

    def costing(self, prompt: int, completion: int) -> "Completion":
        return replace(self, tokens=(prompt, completion))

    def with_fields(self, **extra: Any) -> "Completion":
        return replace(self, extra={**self.extra, **extra})

    def and_calls(self, *calls: ToolCall) -> "Completion":
        return self._each(lambda choice: replace(choice, calls=(*choice.calls, *calls)))

    def ending_with(self, finish_reason: str) -> "Completion":
        return self._each(lambda choice: replace(choice, finish_reason=finish_reason))

    def citing(self, url: str, title: str) -> "Completion":
        """Adds a web citation over the whole text."""
        return self._each(
            lambda choice: replace(choice, annotations=(*choice.annotations, _citation(url, title, choice.text)))
        )

    def _each(self, change: Callable[[Choice], Choice]) -> "Completion":
        return replace(self, choices=tuple(map(change, self.choices)))


def says(*parts: Part) -> Completion:
    """Text, one delta a string. A `Gate`, `Pause`, `CUT`, `PING`, `Raw` or `Broken` among them happens at its place.

    In an answer that is not streamed, what stands among the strings happens between the headers and the body.
    """
    return Completion((Choice(parts),))


def calls(*asked: ToolCall) -> Completion:
    """Asks for these tools, in parallel when they are several."""
    return Completion((Choice(calls=asked),))


def tool(name: str, *, id: str | None = None, pieces: int = 3, **arguments: Any) -> ToolCall:
    return ToolCall(name, json.dumps(arguments, ensure_ascii=False), id, pieces)


def refuses(*words: str) -> Completion:
    return Completion((Choice(refusal=words),))


def choices(*alternatives: Completion) -> Completion:
    """What each of `n` choices says, in order."""
    return Completion(tuple(choice for alternative in alternatives for choice in alternative.choices))


def _citation(url: str, title: str, text: str) -> dict[str, Any]:
    return {
        "type": "url_citation",
        "url_citation": {"start_index": 0, "end_index": len(text), "title": title, "url": url},
    }


__all__ = ["PING", "Broken", "Completion", "Raw", "ToolCall", "calls", "choices", "refuses", "says", "tool"]
