"""The same small agent for every Python client: its models, questions and one tool, and how it reports what it saw."""

import json
import os
from dataclasses import dataclass, field
from typing import Any

QUESTION = "How are you today?"
TOOL_QUESTION = "What is the weather in Paris?"
WRONG_KEY = "sk-nobody-has-this-key"
WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


@dataclass
class Agent:
    """Base URL and key it leaves to the client library, which reads OPENAI_BASE_URL and OPENAI_API_KEY."""

    model: str = field(default_factory=lambda: os.environ["CLIENT_MODEL"])
    limited_model: str = field(default_factory=lambda: os.environ["CLIENT_LIMITED_MODEL"])
    """A model whose provider answers 429."""
    cities: list[str] = field(default_factory=list)
    """What the tool was called with since it was last reported."""

    def get_weather(self, city: str) -> str:
        """Tell the weather in a city."""
        self.cities.append(city)
        return f"18 degrees in {city}"

    def used_tool(self, text: str | None) -> dict[str, Any]:
        cities, self.cities = self.cities, []
        return {"cities": cities, "text": text}


def report(**seen: Any) -> None:
    print(json.dumps(seen))
