"""The ways in which clients and providers may speak to each other through Burnish: the same API, or one converted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.apis import CHAT, MESSAGES, RESPONSES, Api

_NATIVE: Final = ("bench", "paced-10ms")
_CHAT_ONLY: Final = ("chat-only", "chat-only-paced-10ms")
"""Models as the default configuration names them: for whole answers, and for streams."""


@dataclass(frozen=True)
class Way:
    """`native` is the way whose events a converted one's are compared with."""

    name: str
    title: str
    api: Api
    model: str
    paced_model: str
    native: str

    @property
    def call_us(self) -> str:
        """The figure that tells what a whole call costs."""
        return f"{self.name}_call_us"

    @property
    def event_us(self) -> str:
        """The figure that tells what an event of a stream costs that brings one each 10 ms."""
        return f"{self.name}_event_us"

    @property
    def burst_us(self) -> str:
        """The same of a stream whose events all come at once."""
        return f"{self.name}_burst_us"


CHAT_WAY: Final = Way("chat", "chat completions", CHAT, *_NATIVE, "chat")
WAYS: Final[Sequence[Way]] = (
    CHAT_WAY,
    Way("responses", "Responses", RESPONSES, *_NATIVE, "responses"),
    Way("messages", "Messages", MESSAGES, *_NATIVE, "messages"),
    Way("responses_converted", "Responses, of a provider that speaks chat", RESPONSES, *_CHAT_ONLY, "responses"),
    Way("messages_converted", "Messages, of a provider that speaks chat", MESSAGES, *_CHAT_ONLY, "messages"),
)
