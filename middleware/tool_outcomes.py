"""What became of the tools: every call the model asked for, joined with the result the agent sent back."""

from collections.abc import Iterator
from dataclasses import dataclass

from middleware.exchange import Exchange
from middleware.messages import ToolCall
from middleware.protocol import Handler, Settings
from middleware.reply import Ending, Reply
from middleware.services import Services
from records import ToolEvent


@dataclass(frozen=True, slots=True)
class ToolsAsked:
    """The tool calls an answer asked for. A fact of the run that asked."""

    ids: tuple[str, ...]
    names: tuple[str, ...]


class ToolOutcomesSettings(Settings):
    pass


class ToolOutcomes:
    """Records tool calls where they are asked for and where their results arrive.

    The agent runs its tools out of our sight. The result comes back in the next call of the session, named by its
    `tool_call_id`; the time between is the tool's, inferred.
    """

    Settings = ToolOutcomesSettings

    def __init__(self, settings: ToolOutcomesSettings, services: Services) -> None:
        pass

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        for event in _results(exchange):
            exchange.record(event)
        reply = await call_next(exchange)

        def asked(ending: Ending) -> None:
            calls = ending.completion.calls if ending.completion else ()
            if calls:
                exchange.record(ToolsAsked(tuple(call.id for call in calls), tuple(call.name for call in calls)))

        return reply.on_end(asked)


def _results(exchange: Exchange) -> Iterator[ToolEvent]:
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
            asked_by=before.run_id if before and timed else None,
            asked_trace=before.trace_id if before and timed else None,
            started_ns=before.ended_ns if before and timed else 0,
            ended_ns=exchange.started_ns if timed else 0,
        )
