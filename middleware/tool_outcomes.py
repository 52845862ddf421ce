"""What became of the tools: each call the model asked for joined with the result the agent sent, and what follows."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from pydantic import Field, field_validator, model_validator

from middleware.exchange import Exchange
from middleware.messages import ToolCall
from middleware.protocol import Handler, Settings
from middleware.reply import Ending, Reply
from middleware.services import Services
from policies.tools.hiding import withheld
from policies.tools.outcome import ToolOutcome, classify
from policies.tools.settings import BreakerSettings
from records import ToolEvent


@dataclass(frozen=True, slots=True)
class ToolsAsked:
    """The tool calls an answer asked for. A fact of the run that asked."""

    ids: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToolsWithheld:
    """Tools that fail and that others can stand in for: whether each was offered all the same, and how probable that
    was. With a probability above 0 it was a trial."""

    tools: tuple[str, ...]
    offered: tuple[bool, ...]
    probabilities: tuple[float, ...]


class ToolOutcomesSettings(Settings):
    hide_failing: bool = False
    """Not to offer a tool while it fails, where one of its substitutes is offered too."""

    substitutes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """The tools that can stand in for a tool, by its name."""

    probe: Annotated[float, Field(gt=0, le=1)] = 0.1
    """The share of calls that are offered a tool that fails, once trials may go: how it comes back."""

    outcomes: dict[str, dict[str, ToolOutcome]] = Field(default_factory=dict)
    """What a tool's results mean where the rules are wrong: by the tool's name, a text and the class of the results
    that it is in, such as `search: {Nothing today: empty}`. The first one counts."""

    breaker: dict[str, Any] = Field(default_factory=dict)
    """When a tool counts as failing: `in_a_row`, `tolerated`, `broken`, `between_false`, `cooldown`,
    `longest_cooldown`, `trials`."""

    @model_validator(mode="after")
    def _sensible(self) -> "ToolOutcomesSettings":
        for tool, others in self.substitutes.items():
            if tool in others:
                raise ValueError(f"substitutes: {tool!r} cannot stand in for itself; name other tools")
        return self

    @field_validator("breaker")
    @classmethod
    def _breaker(cls, written: dict[str, Any]) -> dict[str, Any]:
        known = BreakerSettings.__struct_fields__
        for name in written:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                raise ValueError(f"no setting {name!r}; {f'did you mean {close[0]!r}?' if close else ', '.join(known)}")
        try:
            msgspec.convert(written, BreakerSettings)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None
        return written

    @property
    def breakers(self) -> BreakerSettings:
        return msgspec.convert(self.breaker, BreakerSettings)

    def outcome(self, tool: str, result: str) -> ToolOutcome | None:
        """What the owner says a result means, if anything."""
        said = self.outcomes.get(tool)
        return next((outcome for text, outcome in said.items() if text in result), None) if said else None


class ToolOutcomes:
    """Records tool calls where they are asked for and where their results arrive, with what became of each.

    The agent runs its tools out of our sight. The result comes back in the next call of the session, named by its
    `tool_call_id`; the time between is the tool's, inferred. Where the owner allows it, tools that fail are not
    offered.
    """

    Settings = ToolOutcomesSettings

    def __init__(self, settings: ToolOutcomesSettings, services: Services) -> None:
        self._settings = settings
        self._failing = services.failing_tools
        self._clock = services.clock
        self._random = services.random

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        for event in self._results(exchange):
            exchange.record(event)
        reply = await call_next(self._with_tools_that_work(exchange))

        def asked(ending: Ending) -> None:
            calls = ending.completion.calls if ending.completion else ()
            if calls:
                exchange.record(ToolsAsked(tuple(call.id for call in calls), tuple(call.name for call in calls)))

        return reply.on_end(asked)

    def _with_tools_that_work(self, exchange: Exchange) -> Exchange:
        settings = self._settings
        if not settings.hide_failing or not settings.substitutes:
            return exchange
        failing = self._failing()
        if not failing:
            return exchange
        request = exchange.request
        found = withheld(
            {name: tool.until_ns for name, tool in failing.items()},
            [tool.name for tool in request.tools],
            chosen=request.chosen_tools,
            substitutes=settings.substitutes,
            probe=settings.probe,
            now_ns=self._clock(),
            random=self._random,
        )
        if not found:
            return exchange
        exchange.record(
            ToolsWithheld(
                tuple(each.tool for each in found),
                tuple(each.offered for each in found),
                tuple(each.probability for each in found),
            )
        )
        hidden = {each.tool for each in found if not each.offered}
        return exchange.with_request(request.without_tools(hidden)) if hidden else exchange

    def _results(self, exchange: Exchange) -> Iterator[ToolEvent]:
        """The results that are new in this call, each with the call it answers."""
        if not exchange.request.roles or exchange.request.roles[-1] == "assistant":
            return
        if "tool" not in exchange.request.roles:
            return
        results = exchange.request.results
        if not results:
            return
        calls = {call.id: call for message in exchange.request.messages for call in message.calls}
        before = exchange.previous
        for result in results:
            call_id = result.call_id or ""
            call = calls.get(call_id, ToolCall(call_id, "unknown", ""))
            timed = before is not None and call_id in before.asked
            yield ToolEvent(
                call_id=call_id,
                name=call.name,
                arguments=call.arguments,
                result=result.text,
                outcome=classify(call.name, result.text, failed=result.failed, judge=self._settings.outcome),
                asked_by=before.run_id if before and timed else None,
                asked_trace=before.trace_id if before and timed else None,
                started_ns=before.ended_ns if before and timed else 0,
                ended_ns=exchange.started_ns if timed else 0,
            )
