"""Checks an answer, and has one that is predicted low revised by a model where chance and its record allow that."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from middleware.exchange import Exchange
from middleware.messages import Completion
from middleware.protocol import Handler
from middleware.reply import Reply
from middleware.self_critique.asking import NotAsked, Purse
from middleware.self_critique.checks import Checked, Checks
from middleware.self_critique.revising import Course, Revising
from middleware.self_critique.settings import SelfCritiqueSettings
from middleware.services import Services
from policies.assignment import uniform
from policies.critique.choosing import choose
from policies.critique.facts import Critiqued
from policies.critique.strata import stratum_of

_NOTHING: Final = Checked((), ())


class SelfCritique:
    """An answer goes out as it came unless a revision of it is better by a check.

    Whether an answer that is predicted low is revised is drawn at a keyed hash of the call's id, with the probability
    that `Services.critique` publishes for its stratum: so what critique adds can be told from the record.
    """

    Settings = SelfCritiqueSettings

    def __init__(
        self, settings: SelfCritiqueSettings, services: Services, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._agent = services.agent
        self._secret = services.secret
        self._shares = services.critique
        self._observing = services.observing
        self._model = services.model(settings.model)
        self._checks = Checks(settings.verifiers)
        self._revising = Revising(
            self._checks, services.request, settings.max_rounds, settings.critic == "model", settings.constrain
        )
        self._timer = timer

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        stratum = self._stratum(exchange)
        if why := self._passed_over(exchange):
            exchange.record(_skipped(stratum, why))
            return await call_next(exchange)
        reply = await call_next(exchange)
        if not reply.ok:
            exchange.record(_skipped(stratum, f"the model answered {reply.status}"))
            return reply
        try:
            completion = await reply.collect()
        except Exception as error:
            # It breaks off for the client as well: the reply says how when it is read again.
            exchange.record(_skipped(stratum, f"the answer broke off: {type(error).__name__}"))
            return reply
        if why := _not_to_be_critiqued(completion):
            exchange.record(_skipped(stratum, why))
            return reply
        revised, fact = await self._critiqued(exchange, stratum, completion)
        exchange.record(fact)
        return reply if revised is None else reply.instead(revised.counted_as(completion))

    def _passed_over(self, exchange: Exchange) -> str:
        """Why answers to this call are not even looked at; "" where they are."""
        if exchange.turn != "main":
            return "not the agent's own turn"
        if exchange.request.stream and not self._settings.buffers:
            return "streamed, and streaming is set to skip"
        return ""

    async def _critiqued(
        self, exchange: Exchange, stratum: str, completion: Completion
    ) -> tuple[Completion | None, Critiqued]:
        """What to answer instead, if anything, and what is said of it."""
        started, settings = self._timer(), self._settings
        purse = Purse(self._model, exchange, settings.budget.tokens)
        checked, course, fact = _NOTHING, Course(), None
        try:
            async with asyncio.timeout(settings.budget.seconds):
                checked = await self._checks(exchange.request, completion.text)
                fact = self._decided(exchange, stratum, completion, checked)
                course.flagged, course.reason = fact.flagged, fact.reason
                if fact.arm == "on":
                    await self._revising(purse, exchange.request, completion, checked, course)
        except TimeoutError:
            course.reason = f"not there within {settings.budget.seconds:g} s"
        except NotAsked as error:
            course.reason = str(error)
        return course.accepted, replace(
            fact or _skipped(stratum, course.reason),
            flagged=course.flagged,
            revised=course.revision is not None,
            accepted=course.accepted is not None,
            rounds=course.rounds,
            after=course.after,
            original=_other_version(completion, course),
            critique=course.critique,
            reason=course.reason,
            tokens=purse.tokens,
            cost_usd=purse.cost_usd,
            took_ms=round((self._timer() - started) * 1000, 3),
        )

    def _decided(self, exchange: Exchange, stratum: str, completion: Completion, checked: Checked) -> Critiqued:
        """Whether it is predicted low, and if it is, what chance says."""
        failed = checked.failed
        flagged = bool(failed) if checked.verdicts else None
        unsure = self._unsure(completion)
        why = "; ".join(f"{each.check} could not be checked: {each.why}" for each in checked.unchecked)
        common = Critiqued(
            eligible=False,
            stratum=stratum,
            arm="skipped",
            probability=1.0,
            flagged=flagged,
            verifier=failed[0].check if failed else "",
            before=checked.value,
            reason=why,
        )
        if not (failed or unsure or self._settings.predict.blind):
            return replace(common, reason=why or _unpredicted(checked))
        if self._observing:
            return replace(common, reason="the chain only looks on")
        drawn = uniform(self._secret, self._agent, f"self_critique\0{exchange.id}")
        chosen = choose(self._shares(), stratum, holdout=self._settings.holdout, uniform=drawn)
        return replace(common, eligible=True, arm="on" if chosen.on else "off", probability=chosen.probability)

    def _unsure(self, completion: Completion) -> bool:
        limit = self._settings.predict.logprob_below
        if limit is None:
            return False
        logprobs = completion.logprobs
        return bool(logprobs) and sum(logprobs) / len(logprobs) < limit

    def _stratum(self, exchange: Exchange) -> str:
        request, strata = exchange.request, self._settings.strata
        parts = []
        if "variant" in strata:
            parts.append(exchange.variant)
        if "kind" in strata:
            structured, tools = request.answer_schema is not None, bool(request.tools)
            parts.append(stratum_of(structured=structured, tools=tools, characters=len(request.question)))
        return ": ".join(parts)


def _not_to_be_critiqued(completion: Completion) -> str:
    if len(completion.texts) > 1:
        return "the answer has several choices"
    if completion.calls:
        return "the answer asks for tools"
    if not completion.text.strip():
        return "the answer has no text"
    if "content_filter" in completion.finish_reasons:
        return "the answer was filtered"
    return ""


def _unpredicted(checked: Checked) -> str:
    return "passes every check" if checked.verdicts else "no check applies"


def _other_version(original: Completion, course: Course) -> str | None:
    """The one of the two that the client does not get."""
    if course.accepted is not None:
        return original.text
    return course.revision.text if course.revision is not None else None


def _skipped(stratum: str, reason: str) -> Critiqued:
    return Critiqued(eligible=False, stratum=stratum, arm="skipped", probability=1.0, reason=reason)
