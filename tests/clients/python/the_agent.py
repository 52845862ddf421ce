"""The same small agent for every Python client: its models, questions and one tool, and how it reports what it saw."""

import json
import os
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

QUESTION = "How are you today?"
TOOL_QUESTION = "What is the weather in Paris?"
WRONG_KEY = "sk-nobody-has-this-key"
WEATHER = {
    "name": "get_weather",
    "description": "Tell the weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
WEATHER_TOOL = {"type": "function", "function": WEATHER}


@dataclass
class Agent:
    """Base URL and key it leaves to the example, which has nothing else to point the client at Burnish."""

    example: ModuleType = field(default_factory=lambda: import_module(os.environ["CLIENT_EXAMPLE"]))
    model: str = field(default_factory=lambda: os.environ["CLIENT_MODEL"])
    refused_model: str = field(default_factory=lambda: os.environ["CLIENT_REFUSED_MODEL"])
    """A model for which the provider answers with an error."""
    cities: list[str] = field(default_factory=list)
    """What the tool was called with since it was last reported."""

    def get_weather(self, city: str) -> str:
        """Tell the weather in a city."""
        self.cities.append(city)
        return f"18 degrees in {city}"

    def used_tool(self, text: str | None) -> dict[str, Any]:
        cities, self.cities = self.cities, []
        return {"cities": cities, "text": text}


def told(error: Any) -> dict[str, Any]:
    """What an agent learns from an error of openai-python, which many clients raise."""
    return {"error": type(error).__name__, "status": error.status_code, "code": error.code, "message": error.message}


def report(**seen: Any) -> None:
    # Some clients print what they get as they get it.
    print("\n" + json.dumps(seen))
