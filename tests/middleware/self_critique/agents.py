"""What the tests of the step share: calls that ask for JSON, and services with a model that is scripted."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.testing import ScriptedModel, exchange, facts, finish, request, run, says
from middleware.exchange import Exchange
from middleware.messages import Completion
from middleware.protocol import Handler
from middleware.reply import Reply
from middleware.self_critique import SelfCritique, SelfCritiqueSettings
from middleware.services import Services
from policies.critique.facts import Critiqued
from proxy.upstreams.asides import ask_chat
from proxy.wire.convert.pieces import Api

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GOOD, BAD = '{"city": "Rome"}', "The city is Rome."
ON: Mapping[str, float] = {"": 1.0}
OFF: Mapping[str, float] = {"": 0.0}


def asking(api: Api = "chat", *, stream: bool = False, schema: bool = True, **more: Any) -> Exchange:
    """A call that asks for JSON, unless `schema` is off."""
    form = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": SCHEMA}}
    fields: dict[str, Any] = {"response_format": form} if schema else {}
    return exchange(request("Which city?", api=api, stream=stream, max_tokens=50, **fields), **more)


class Says:
    """A model that gives each of these answers once, and then the last one again. `asked` are the calls it got."""

    def __init__(self, *answers: str | ScriptedModel) -> None:
        self._answers = deque(answers)
        self.asked: list[Exchange] = []

    async def __call__(self, asked: Exchange) -> Reply:
        self.asked.append(asked)
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        return await (says(answer) if isinstance(answer, str) else answer)(asked)


def step(reviser: Handler, shares: Mapping[str, float] = ON, observing: bool = False, **settings: Any) -> SelfCritique:
    services = Services(
        "a",
        secret=b"s",
        model=lambda name: reviser,
        request=ask_chat,
        critique=lambda: shares,
        observing=observing,
    )
    return SelfCritique(SelfCritiqueSettings(**settings), services)


async def answered(
    critique: SelfCritique, model: Handler, given: Exchange | None = None
) -> tuple[Completion, Critiqued]:
    """What the client gets, and the one fact of it."""
    given = given or asking()
    completion = await finish(await run(critique, model=model, given=given))
    (fact,) = facts(given, Critiqued)
    return completion, fact


def roles(asked: Exchange) -> Sequence[str]:
    return [message.role for message in asked.request.messages]
