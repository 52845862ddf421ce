"""What a request asks a model for, read alike from chat completions and from the Messages API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.upstream.received import Received


@dataclass(frozen=True)
class OfferedTool:
    name: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class ToolResult:
    name: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A request's document and the little of it that a scripted model understands."""

    document: dict[str, Any]

    @property
    def model(self) -> str:
        return str(self.document.get("model", ""))

    @property
    def streamed(self) -> bool:
        return bool(self.document.get("stream"))

    @property
    def question(self) -> str:
        """The text of the last message of the user."""
        return next((text_of(m.get("content")) for m in reversed(self._messages) if m.get("role") == "user"), "")

    @property
    def words(self) -> int:
        """The words of all messages: what this upstream counts as prompt tokens."""
        return sum(len(text_of(m.get("content")).split()) for m in self._messages)

    @property
    def tool_to_call(self) -> OfferedTool | None:
        """The tool a willing model calls: the demanded one, else the first; None if there is none, or it may not."""
        choice = self.document.get("tool_choice")
        kind = choice.get("type") if isinstance(choice, dict) else choice
        if kind == "none":
            return None
        demanded = (choice.get("function") or choice).get("name") if isinstance(choice, dict) else None
        return next((tool for tool in self._tools() if demanded in (None, tool.name)), None)

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """The tool results that the conversation ends with; empty when it ends otherwise."""
        return tuple(self._results())

    @property
    def _messages(self) -> list[dict[str, Any]]:
        messages = self.document.get("messages")
        return [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []

    def _tools(self) -> Iterator[OfferedTool]:
        for offered in self.document.get("tools") or []:
            if "function" in offered:
                yield OfferedTool(offered["function"]["name"], offered["function"].get("parameters") or {})
            elif "input_schema" in offered:
                yield OfferedTool(offered["name"], offered["input_schema"])

    def _results(self) -> Iterator[ToolResult]:
        names = dict(self._called())
        if not self._messages:
            return
        last = self._messages[-1]
        if last.get("role") == "tool":
            start = len(self._messages)
            while start and self._messages[start - 1].get("role") == "tool":
                start -= 1
            for message in self._messages[start:]:
                yield ToolResult(names.get(message.get("tool_call_id"), "tool"), text_of(message.get("content")))
        elif isinstance(last.get("content"), list):
            for block in last["content"]:
                if block.get("type") == "tool_result":
                    yield ToolResult(names.get(block.get("tool_use_id"), "tool"), text_of(block.get("content")))

    def _called(self) -> Iterator[tuple[str | None, str]]:
        """Id and name of every call that the model made so far."""
        for message in self._messages:
            for call in message.get("tool_calls") or []:
                yield call.get("id"), call.get("function", {}).get("name", "tool")
            if isinstance(message.get("content"), list):
                for block in message["content"]:
                    if block.get("type") == "tool_use":
                        yield block.get("id"), block.get("name", "tool")


def asked_of(request: Received) -> Asked:
    """Raises `ValueError` when the body is not a JSON object."""
    match request.json():
        case dict(document):
            return Asked(document)
        case other:
            raise ValueError(f"the body is JSON but no object: {type(other).__name__}")


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""
