"""The clients that Burnish is tried with: the API each speaks, where it is installed, and what it is to show."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from tests.clients.homes import Home, InTerminal, OnNode, OnPython
from tests.clients.model import ANSWER, TOLD_ABOUT_BOTH, WORDS

Api: TypeAlias = Literal["chat", "responses", "messages"]

PIECE_BY_PIECE: Final = {"text": ANSWER, "pieces": len(WORDS), "usages": 1}


@dataclass(frozen=True, eq=False)
class Client:
    """A client, and one API that it speaks."""

    name: str
    example: str
    """The file under examples/clients/NAME, without its suffix."""
    api: Api
    home: Home
    package: str
    """Whose version counts."""
    refused: str = "RateLimitError"
    """How it says that the provider refused: what its library raises, or how its command ends."""
    wrong_key: str = "AuthenticationError"
    """How it says that Burnish refused."""
    refused_model: str = "fail-429"
    tells: frozenset[str] = frozenset({"status", "code"})
    """What it passes on of an error beside the message."""
    streamed: dict[str, Any] = field(default_factory=lambda: PIECE_BY_PIECE)
    whole: bool = True
    """Whether it ever asks for an answer in one piece."""
    tools: tuple[str, ...] = ("tool", "tool_streamed")
    used_tool: dict[str, Any] = field(default_factory=lambda: {"cities": ["Paris", "Rome"], "text": TOLD_ABOUT_BOTH})

    def __str__(self) -> str:
        return f"{self.name}/{self.example}"

    @property
    def version(self) -> str:
        return self.home.locked(self.package)


def apis(name: str, home: Home, package: str, *spoken: Api, **traits: Any) -> list[Client]:
    """One client by the APIs it speaks, an example each, and one script for all."""
    return [Client(name, api, api, home, package, **traits) for api in spoken]


def coding_agent(name: str, home: Home, package: str, *spoken: Api, status: int = 1, **traits: Any) -> list[Client]:
    """It works in a terminal, and would try again for minutes when it is told to come back later."""
    alike: dict[str, Any] = {
        "refused": f"status {status}",
        "wrong_key": f"status {status}",
        "refused_model": "fail-400",
        "tells": frozenset(),
        "streamed": {"text": ANSWER},
        "whole": False,
        "tools": ("tool",),
        "used_tool": {"wrote": "18 degrees in Paris", "told": True},
    }
    return apis(name, home, package, *spoken, **alike | traits)


_LANGCHAIN: Final[dict[str, Any]] = {"refused": "OpenAIRateLimitError", "wrong_key": "OpenAIAuthenticationError"}
_PYDANTIC: Final[dict[str, Any]] = {"refused": "ModelRateLimitError", "wrong_key": "ModelAuthenticationError"}
_AI_SDK: Final[dict[str, Any]] = {"refused": "AI_APICallError", "wrong_key": "AI_APICallError"}
_INSTRUCTOR: Final[dict[str, Any]] = {
    "streamed": {"text": ANSWER, "grew": True},
    "tools": ("tool",),
    "used_tool": {"weather": {"city": "Paris", "degrees": 1}, "tries": 2},
}

CLIENTS: Final = (
    *apis("openai-python", OnPython("openai", "with_openai"), "openai", "chat"),
    *apis("openai-python", OnPython("openai", "with_openai_responses"), "openai", "responses"),
    *apis("openai-node", OnNode("openai-node", "with-openai"), "openai", "chat"),
    *apis("openai-node", OnNode("openai-node", "with-responses"), "openai", "responses"),
    *apis("openai-agents", OnPython("openai-agents", "with_openai_agents"), "openai-agents", "responses", "chat"),
    *apis("openai-agents-js", OnNode("openai-agents-js", "with-agents"), "@openai/agents", "responses", "chat"),
    *apis(
        "langchain-openai",
        OnPython("langchain-openai", "with_langchain"),
        "langchain-openai",
        "chat",
        "responses",
        **_LANGCHAIN,
    ),
    *apis(
        "pydantic-ai",
        OnPython("pydantic-ai", "with_pydantic_ai"),
        "pydantic-ai-slim",
        "responses",
        "chat",
        **_PYDANTIC,
    ),
    # litellm keeps the provider's message in its exceptions, and drops the code.
    *apis("litellm", OnPython("litellm", "with_litellm"), "litellm", "chat", tells=frozenset({"status"})),
    *apis("smolagents", OnPython("smolagents", "with_smolagents"), "smolagents", "chat"),
    *apis("instructor", OnPython("instructor", "with_instructor"), "instructor", "chat", **_INSTRUCTOR),
    *apis("ai-sdk", OnNode("ai-sdk", "with-ai-sdk"), "ai", "responses", "chat", "messages", **_AI_SDK),
    Client("ai-sdk", "compatible", "chat", OnNode("ai-sdk", "with-ai-sdk"), "ai", **_AI_SDK),
    *apis("anthropic-python", OnPython("anthropic", "with_anthropic"), "anthropic", "messages"),
    *apis("anthropic-node", OnNode("anthropic-node", "with-anthropic"), "@anthropic-ai/sdk", "messages"),
    *coding_agent("codex", InTerminal("codex", "with_codex"), "@openai/codex", "responses"),
    # Its own package fetches the one for this machine after it is installed; the test machine's is named instead.
    *coding_agent(
        "opencode",
        InTerminal("opencode", "with_opencode", "opencode-linux-x64-baseline/bin"),
        "opencode-linux-x64-baseline",
        "chat",
        "responses",
    ),
    *coding_agent(
        "qwen-code",
        InTerminal("qwen-code", "with_qwen_code"),
        "@qwen-code/qwen-code",
        "chat",
        "messages",
        streamed=PIECE_BY_PIECE,
    ),
    *coding_agent("aider", OnPython("aider", "with_aider"), "aider-chat", "chat", status=0, whole=True),
)
