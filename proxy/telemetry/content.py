"""How much of a body is recorded: all of it, the beginning of each text, or nothing. Secrets never."""

from collections.abc import Callable
from typing import Final

from proxy.config.agent import Content
from proxy.config.model import Telemetry
from proxy.telemetry.redact import Redactor
from proxy.telemetry.strings import change_strings

PREVIEW: Final = 500
"""Characters of each text that a preview keeps."""


def content_filter(telemetry: Telemetry, content: Content | None = None) -> Callable[[str], str | None]:
    """What is kept of a body, None for nothing; the agent's own `content` goes before that of `telemetry`."""
    redact = Redactor(telemetry.redact)
    match content or telemetry.content:
        case "none":
            return lambda text: None
        case "preview":
            # Masked first: a secret cut in two would no longer be known for one.
            return lambda text: preview(redact(text))
        case "full":
            return redact


def preview(text: str) -> str:
    """JSON text with each of its strings cut, and still JSON; other text cut as a whole."""
    return text if len(text) <= PREVIEW else change_strings(text, _cut)


def _cut(text: str) -> str:
    return text if len(text) <= PREVIEW else text[:PREVIEW] + "…"
