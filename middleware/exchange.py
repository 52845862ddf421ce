"""One model call on its way up the chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from middleware.messages import ChatRequest
from records.run import Turn

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Agent:
    """Whose call this is: the name the virtual key stands for."""

    name: str
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class Previous:
    """The call before this one in the session: when its answer ended, and the ids of the tool calls it asked for."""

    run_id: str
    trace_id: str
    ended_ns: int
    asked: tuple[str, ...] = ()


class Log(Protocol):
    """Where a call's steps and their facts go; the proxy writes them to the trace."""

    def enter(self, step: str) -> int:
        """A step starts; the number returned names it in the other methods."""

    def leave(self, place: int, error: str | None = None) -> None:
        """The step handed the call on or answered it; only the first time counts, an error always does."""

    def record(self, place: int, fact: object) -> None: ...

    def fact(self, kind: type[F]) -> F | None: ...


class Exchange:
    """Frozen: a step that wants another request calls on with `exchange.with_request(...)`.

    `id` is the run's id. `started_ns` is when the call arrived (nanoseconds since the epoch). `headers` are those of
    the client's headers that may go upstream, in lower case; `skips` the steps this call asked to go without.
    """

    __slots__ = (
        "_place",
        "agent",
        "headers",
        "id",
        "log",
        "previous",
        "request",
        "session",
        "skips",
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
    skips: frozenset[str]
    log: Log
    _place: int

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
        skips: frozenset[str] = frozenset(),
        log: Log,
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
        put(self, "skips", skips)
        put(self, "log", log)
        put(self, "_place", -1)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an Exchange is frozen (setting {name!r}); pass a copy on: exchange.with_request(...)")

    @property
    def tenant(self) -> str:
        return self.agent.tenant

    def with_request(self, request: ChatRequest) -> Self:
        return self._with("request", request)

    def with_variant(self, variant: str) -> Self:
        return self._with("variant", variant)

    def at(self, place: int) -> Self:
        """A copy whose facts are recorded under the step that `log.enter` numbered; the chain makes one a step."""
        return self._with("_place", place)

    def record(self, fact: object) -> None:
        """Keep a small frozen dataclass; it becomes attributes of this step's span. A `ToolEvent` becomes its own."""
        self.log.record(self._place, fact)

    def fact(self, kind: type[F]) -> F | None:
        """The first fact of this kind that any step has recorded for this call."""
        return self.log.fact(kind)

    def _with(self, name: str, value: object) -> Self:
        twin = object.__new__(type(self))
        put = object.__setattr__
        for slot in _COPIED:
            put(twin, slot, getattr(self, slot))
        put(twin, name, value)
        return twin


_COPIED = Exchange.__slots__
