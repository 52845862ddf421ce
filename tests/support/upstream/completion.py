"""The words a test scripts a model with: `says("a", "b")`, `calls(tool("weather", city="Paris"))`, `refuses("No.")`."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from tests.support.upstream import chat, messages, responses, text_completions
from tests.support.upstream.answer import Answer
from tests.support.upstream.paths import api_of
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Citation, Cost, Failed, Part, Raw, Spoken, Thought, ToolCall

PING = Raw(b": ping\n\n")


class Completion(Spoken):
    """A model's answer, and the reply it makes: a document or a stream, in the API that the request came by."""

    def __call__(self, request: Received) -> Answer:
        match api_of(request.path):
            case "responses":
                return responses.render(self, request)
            case "messages":
                return messages.render(self, request)
            case "completions":
                return text_completions.render(self, request)
            case _:
                return chat.render(self, request)

    def costing(
        self, prompt: int, completion: int, *, cached: int = 0, written: int = 0, reasoning: int = 0
    ) -> "Completion":
        """Tokens as OpenAI counts them: the prompt's have those read from and written to a cache among them."""
        return replace(self, cost=Cost(prompt, completion, cached, written, reasoning))

    def with_fields(self, **extra: Any) -> "Completion":
        return replace(self, extra={**self.extra, **extra})

    def and_calls(self, *calls: ToolCall) -> "Completion":
        return self._each(lambda choice: replace(choice, calls=(*choice.calls, *calls)))

    def ending_with(self, finish_reason: str) -> "Completion":
        return self._each(lambda choice: replace(choice, finish_reason=finish_reason))

    def citing(self, url: str, title: str) -> "Completion":
        """Adds a web citation over the whole text."""
        return self._each(lambda choice: replace(choice, citations=(*choice.citations, Citation(title, url))))

    def quoting(self, title: str, cited: str, *, document: int = 0) -> "Completion":
        """Adds a citation of a document that the request brought; chat completions and Responses have none such."""
        citation = Citation(title, cited=cited, document=document)
        return self._each(lambda choice: replace(choice, citations=(*choice.citations, citation)))

    def thinking(self, *words: str, shown: Literal["summary", "text", "sealed"] = "summary") -> "Completion":
        """Adds a thought before the text, one delta a string.

        Chat completions tell it as `reasoning_content`, Messages when the request turns thinking on, Responses when
        it asks for a summary.
        """
        return self._each(lambda choice: replace(choice, thoughts=(*choice.thoughts, Thought(words, shown))))

    def with_items(self, *items: dict[str, Any]) -> "Completion":
        """Adds what the provider's own tools did, before the text: items of Responses, or content blocks of Messages.

        An item without id or status gets them.
        """
        return self._each(lambda choice: replace(choice, items=(*choice.items, *items)))

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


def tool_input(name: str, text: str, *, id: str | None = None, pieces: int = 3) -> ToolCall:
    """A call of a custom tool, whose input is free text."""
    return ToolCall(name, text, id, pieces, custom=True)


def web_search(query: str) -> dict[str, Any]:
    """The item of Responses that tells of a web search: `says("a").with_items(web_search("b"))`."""
    return {"type": "web_search_call", "action": {"type": "search", "query": query, "queries": [query]}}


def refuses(*words: str) -> Completion:
    return Completion((Choice(refusal=words),))


def choices(*alternatives: Completion) -> Completion:
    """What each of `n` choices says, in order."""
    return Completion(tuple(choice for alternative in alternatives for choice in alternative.choices))


__all__ = [
    "PING",
    "Broken",
    "Completion",
    "Failed",
    "Raw",
    "ToolCall",
    "calls",
    "choices",
    "refuses",
    "says",
    "tool",
    "tool_input",
    "web_search",
]
