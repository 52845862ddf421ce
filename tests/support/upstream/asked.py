"""What a request asks a model for, read alike from every API."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from tests.support.upstream.reading import reader_for
from tests.support.upstream.received import Received
from tests.support.upstream.turns import Called, OfferedTool, Said, Told, Turn


@dataclass(frozen=True)
class ToolResult:
    name: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A request's document and the little of it that a scripted model understands."""

    document: dict[str, Any]
    turns: tuple[Turn, ...]
    tools: tuple[OfferedTool, ...]

    @property
    def model(self) -> str:
        return str(self.document.get("model", ""))

    @property
    def streamed(self) -> bool:
        return bool(self.document.get("stream"))

    @property
    def question(self) -> str:
        """The text of the last message of the user."""
        said = (turn.text for turn in reversed(self.turns) if isinstance(turn, Said) and turn.role == "user")
        return next(said, "")

    @property
    def words(self) -> int:
        """The words of all messages: what this upstream counts as prompt tokens."""
        return sum(len(turn.text.split()) for turn in self.turns if not isinstance(turn, Called))

    @property
    def tool_to_call(self) -> OfferedTool | None:
        """The tool a willing model calls: the demanded one, else the first; None if there is none, or it may not."""
        choice = self.document.get("tool_choice")
        if choice == "none" or (isinstance(choice, dict) and choice.get("type") == "none"):
            return None
        allowed = _allowed(choice) if isinstance(choice, dict) else None
        return next((tool for tool in self.tools if allowed is None or tool.name in allowed), None)

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """The tool results that the conversation ends with; empty when it ends otherwise."""
        names = {turn.id: turn.name for turn in self.turns if isinstance(turn, Called)}
        last = list(takewhile(lambda turn: isinstance(turn, Told), reversed(self.turns)))
        return tuple(
            ToolResult(names.get(turn.id, "tool"), turn.text) for turn in reversed(last) if isinstance(turn, Told)
        )


def asked_of(request: Received) -> Asked:
    """Raises `ValueError` when the body is not a JSON object."""
    match request.json():
        case dict(document):
            turns, tools = reader_for(request.path)(document, request.memory)
            return Asked(document, tuple(turns), tuple(tools))
        case other:
            raise ValueError(f"the body is JSON but no object: {type(other).__name__}")


def _allowed(choice: dict[str, Any]) -> set[str] | None:
    """The tools that a choice names, however the API writes it; None when it names none."""
    if isinstance(tools := (choice.get("allowed_tools") or choice).get("tools"), list):
        return {(tool.get("function") or tool).get("name") for tool in tools}
    name = (choice.get("function") or choice.get("custom") or choice).get("name")
    return {name} if name else None
