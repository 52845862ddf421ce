"""The step as the tests of guardrails build it, and what a call through it came to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from burnish.testing import exchange, facts, finish, request, run
from middleware.exchange import Exchange
from middleware.guardrails import Guardrails, GuardrailsSettings
from middleware.messages import Completion
from middleware.protocol import Handler
from middleware.services import Services
from policies.guardrails.verdicts import GuardVerdicts
from proxy.upstreams.asides import ask_chat
from records.guard import LearnedRule

KEY = {"patterns": ["key-[a-z]{8}"], "replacement": "***"}
SECRET = "key-abcdefgh"
REFUSAL = "Not here."


def services(models: dict[str, Handler] | None = None, learned: Sequence[LearnedRule] = ()) -> Services:
    known = models or {}
    return replace(
        Services("test", secret=b"secret"), model=known.__getitem__, request=ask_chat, guard_rules=lambda: learned
    )


def guardrails(given: Services | None = None, **settings: Any) -> Guardrails:
    """Only what is said is looked for."""
    written = {"input": [], "output": [], "refusal": REFUSAL, **settings}
    return Guardrails(GuardrailsSettings.model_validate(written), given or services())


class Told:
    """What came of a call: the answer, the fact, and the request that reached the model, None where none did."""

    def __init__(self, answer: Completion, given: Exchange, model: Any) -> None:
        self.answer = answer
        found = facts(given, GuardVerdicts)
        assert len(found) <= 1
        self.fact = found[0] if found else None
        asked = model.asked
        self.asked = asked[-1].request if asked else None
        self.unchanged = bool(asked) and asked[-1].request is given.request


async def told(step: Guardrails, model: Any, *messages: Any, **fields: Any) -> Told:
    given = exchange(request(*messages, **fields))
    return Told(await finish(await run(step, model=model, given=given)), given, model)
