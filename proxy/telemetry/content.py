"""How much of a body is recorded: all of it, the beginning of each text, or nothing. Secrets never."""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from proxy.config.agent import Content
from proxy.config.model import Config, Telemetry
from proxy.telemetry.redact import Redactor
from proxy.telemetry.strings import change_strings
from records.run import JsonValue
from records.score import Score

Keep: TypeAlias = Callable[[str], str | None]
"""What is kept of a text, JSON or not; None for nothing."""

PREVIEW: Final = 500
"""Characters of each text that a preview keeps."""


def content_filter(telemetry: Telemetry, content: Content | None = None) -> Keep:
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


def score_filter(config: Config) -> Callable[[Score], Score]:
    """What is told elsewhere of what a score says in words, by the rules for the bodies of its agent's calls."""
    keeps = {name: content_filter(config.telemetry, agent.content) for name, agent in config.agents.items()}
    otherwise = content_filter(config.telemetry)

    def shown(score: Score) -> Score:
        keep = keeps.get(score.agent, otherwise)
        return msgspec.structs.replace(
            score,
            rationale=keep(score.rationale) if score.rationale is not None else None,
            # That it failed is told in any case.
            failure=keep(score.failure) or "" if score.failure is not None else None,
            details=_kept(score.details, keep) if score.details else {},
        )

    return shown


def preview(text: str) -> str:
    """JSON text with each of its strings cut, and still JSON; other text cut as a whole."""
    return text if len(text) <= PREVIEW else change_strings(text, _cut)


def _cut(text: str) -> str:
    return text if len(text) <= PREVIEW else text[:PREVIEW] + "…"


def _kept(details: dict[str, JsonValue], keep: Keep) -> dict[str, JsonValue]:
    try:
        return msgspec.json.decode(keep(msgspec.json.encode(details).decode()) or "{}", type=dict[str, JsonValue])
    except (msgspec.DecodeError, RecursionError):
        # Nested too deep to look into each of its strings.
        return {}
