"""A Run: one proxied call, as its trace tells it.

Times are nanoseconds since the Unix epoch, money is US dollars, bodies are JSON text.
"""

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import msgspec

JsonValue: TypeAlias = Any  # JSON passed through: None, bool, int, float, str, lists and dicts of these.
Outcome: TypeAlias = Literal["ok", "error", "cancelled"]
Source: TypeAlias = Literal["live", "replay", "shadow", "synthetic"]
SessionSource: TypeAlias = Literal["header", "vendor", "body", "derived", "none"]
Turn: TypeAlias = Literal["main", "aux"]


class Fact(msgspec.Struct, frozen=True):
    """What one step decided or saw, kept by name and version so that plugins' facts are records too."""

    name: str
    attributes: dict[str, JsonValue]
    version: int = 1


class Step(msgspec.Struct, frozen=True):
    """One middleware's part in a call, from its start until it handed the call on (or answered it)."""

    name: str
    started_ns: int
    ended_ns: int
    facts: tuple[Fact, ...] = ()
    error: str | None = None


class ToolEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call and its result, joined by `call_id` when the agent sent the result back.

    The agent runs its tools where Burnish cannot see, so times are inferred: from the end of the answer that
    asked to the arrival of the result. `asked_by` is the run that asked, `asked_trace` its trace; without them times
    are unknown (0).
    """

    call_id: str
    name: str
    arguments: str
    result: str
    outcome: str = "unknown"
    started_ns: int = 0
    ended_ns: int = 0
    asked_by: str | None = None
    asked_trace: str | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a provider; a call that was retried or fell back has several."""

    provider: str
    model: str
    started_ns: int
    ended_ns: int
    status: int | None = None
    request_id: str | None = None
    error: str | None = None


class SideCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call to a model that the step `step` made for itself, as a critic or a judge does. Its cost is part of the
    run's, its tokens are not part of the answer's usage."""

    step: str = ""
    provider: str
    model: str
    started_ns: int
    ended_ns: int
    usage: "Usage | None" = None
    cost_usd: float | None = None
    status: int | None = None
    error: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the provider counted them; `cached` and `reasoning` are parts of input and output."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which variant a call was given, and with what probability (`propensity`, exact).

    A session's calls all have the assignment that its first one was given. `stratum` is the kind of call it counted as,
    by its `context`, where the policy tells kinds apart.
    """

    policy: str
    epoch: str
    eligible: tuple[str, ...]
    variant: str
    propensity: float
    stratum: str | None = None
    context: tuple[float, ...] | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One proxied call, read back from its trace.

    `request` is what the agent sent, in the API it speaks; `sent` the top-level fields that went upstream with another
    value than that (a merge patch, RFC 7396), None where there were none; `answer` is the whole answer the client
    received, a streamed one put together, or the error it was given. `usage` is that of the answer, and `cost_usd` what
    all models cost that were asked for it, the `asides` included. `operation` is OpenTelemetry's name for the call,
    `chat` for every API of conversations, `embeddings`, `text_completion`; or `forward` for a route that Burnish passed
    on unread.
    """

    id: str
    trace_id: str
    parent_span_id: str | None = None
    tenant: str
    agent: str
    config_hash: str
    route: str
    operation: str = "chat"
    source: Source = "live"
    turn: Turn = "main"
    session: str | None = None
    session_source: SessionSource = "none"
    user: str | None = None

    started_ns: int
    first_chunk_ns: int | None = None
    ended_ns: int
    chat_started_ns: int
    chat_ended_ns: int
    status: int
    outcome: Outcome
    error: str | None = None
    streamed: bool = False

    variant: str = "base"
    provider: str | None = None
    model_requested: str | None = None
    model: str | None = None
    model_answered: str | None = None
    response_id: str | None = None
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    cost_usd: float | None = None

    request: str | None = None
    sent: str | None = None
    answer: str | None = None

    steps: tuple[Step, ...] = ()
    tools: tuple[ToolEvent, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    asides: tuple[SideCall, ...] = ()

    @property
    def duration_ms(self) -> float:
        return (self.ended_ns - self.started_ns) / 1e6

    def facts(self, name: str | None = None) -> Iterator[Fact]:
        """All facts in the order of the chain, or those called `name`."""
        return (fact for step in self.steps for fact in step.facts if name is None or fact.name == name)

    @property
    def assignment(self) -> Assignment | None:
        fact = next(self.facts("assignment"), None)
        return msgspec.convert(fact.attributes, Assignment, strict=False) if fact else None
