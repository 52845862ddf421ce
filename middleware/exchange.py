"""One model call on its way up the chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from middleware.messages import ChatRequest
from records import ToolEvent
from records.run import Turn

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Agent:
    """Whose call this is: the name the virtual key stands for."""

    name: str
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class Previous:
    """The call before this one in the session: where its tool calls were asked for, and when that answer ended."""

    run_id: str
    trace_id: str
    ended_ns: int


class Log(Protocol):
    """Where a call's facts go; the proxy writes them to the trace."""

    def record(self, step: str, fact: object) -> None: ...

    def fact(self, kind: type[F]) -> F | None: ...


class FactLog:
    """A `Log` in memory: (step, fact) pairs in order."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[str, object]] = []

    def record(self, step: str, fact: object) -> None:
        self.entries.append((step, fact))

    def fact(self, kind: type[F]) -> F | None:
        return next((fact for _, fact in self.entries if isinstance(fact, kind)), None)


class Exchange:
    """Frozen: a step that wants another request calls on with `exchange.with_request(...)`.

    `id` is the run's id. `started_ns` is when the call arrived (nanoseconds since the epoch). `headers` are those of
    the client's headers that may go upstream, in lower case.
    """

    __slots__ = (
        "_log",
        "_step",
        "agent",
        "headers",
        "id",
        "previous",
        "request",
        "session",
        "started_ns",
        "trace_id",
        "turn",
        "user",
        "variant",
    )

    id: str
    trace_id: str
    agent: Agent
    session: str | None
    user: str | None
    turn: Turn
    variant: str
    request: ChatRequest
    previous: Previous | None
    started_ns: int
    headers: Mapping[str, str]

    def __init__(
        self,
        request: ChatRequest,
        *,
        id: str,
        trace_id: str,
        agent: Agent,
        session: str | None = None,
        user: str | None = None,
        turn: Turn = "main",
        variant: str = "base",
        previous: Previous | None = None,
        started_ns: int = 0,
        headers: Mapping[str, str] | None = None,
        log: Log | None = None,
        step: str = "",
    ) -> None:
        put = object.__setattr__
        put(self, "request", request)
        put(self, "id", id)
        put(self, "trace_id", trace_id)
        put(self, "agent", agent)
        put(self, "session", session)
        put(self, "user", user)
        put(self, "turn", turn)
        put(self, "variant", variant)
        put(self, "previous", previous)
        put(self, "started_ns", started_ns)
        put(self, "headers", headers or {})
        put(self, "_log", log or FactLog())
        put(self, "_step", step)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an Exchange is frozen (setting {name!r}); pass a copy on: exchange.with_request(...)")

    @property
    def tenant(self) -> str:
        return self.agent.tenant

    def with_request(self, request: ChatRequest) -> Self:
        return self._with("request", request)

    def with_variant(self, variant: str) -> Self:
        return self._with("variant", variant)

    def at(self, step: str) -> Self:
        """A copy whose facts are recorded under `step`; the chain makes one for each step."""
        return self._with("_step", step)

    def record(self, fact: object) -> None:
        """Keep a small frozen dataclass; it becomes attributes of this step's span. A `ToolEvent` becomes its own."""
        self._log.record(self._step, fact)

    def fact(self, kind: type[F]) -> F | None:
        """The first fact of this kind that any step has recorded for this call."""
        return self._log.fact(kind)

    _log: Log
    _step: str

    def _with(self, name: str, value: object) -> Self:
        twin = object.__new__(type(self))
        put = object.__setattr__
        for slot in _COPIED:
            put(twin, slot, getattr(self, slot))
        put(twin, name, value)
        return twin


_COPIED = Exchange.__slots__

__all__ = ["Agent", "Exchange", "FactLog", "Log", "Previous", "ToolEvent"]
