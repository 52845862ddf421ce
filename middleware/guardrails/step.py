"""The step that guards an exchange: what goes up and what comes down pass the rules that the agent's owner chose."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from middleware.chain import CallRefused
from middleware.exchange import Exchange
from middleware.guardrails.afterwards import Afterwards
from middleware.guardrails.findings import Findings, Refused
from middleware.guardrails.incoming import Incoming
from middleware.guardrails.injection import injections_of
from middleware.guardrails.judge import Judge
from middleware.guardrails.plan import Plan, Watch, judged_guards, presidio_guards
from middleware.guardrails.presidio import presidio_of
from middleware.guardrails.settings import GuardrailsSettings
from middleware.guardrails.streaming import Guarding, place_of
from middleware.protocol import Handler
from middleware.reply import Ending, Reply
from middleware.services import Services
from policies.guardrails.guard import Guard
from policies.guardrails.matching import BadRule
from policies.guardrails.packs import PACKS
from policies.guardrails.rule import OUTPUT
from records.guard import LearnedRule

_BESIDE: Final = 4_096
"""Characters on both sides of what was found from which its evidence is made."""
_log: Final = logging.getLogger("burnish.guardrails")


class Guardrails:
    """Refuses, rewrites or reports what breaks a rule, in the request and in the answer, streamed or whole.

    A stream is held back only while its end may still become a match. What nothing was found in keeps its bytes. A
    call cannot ask to go without this step.
    """

    Settings = GuardrailsSettings
    skippable = False
    everywhere = True

    def __init__(self, settings: GuardrailsSettings, services: Services) -> None:
        self.refuses_unread = settings.other_routes == "refuse"
        self._settings = settings
        self._secret = services.secret
        self._learned = services.guard_rules
        self._judge = Judge(settings.judge, services.model, services.request) if settings.judge else None
        self._injections = injections_of(settings, self._judge)
        self._presidio = presidio_of(presidio_guards(settings), settings.presidio)
        self._hides = Watch([Guard(rule, "flag", "shadow", ("user",)) for pack in PACKS.values() for rule in pack])
        self._known: Sequence[LearnedRule] = self._learned()
        self._plan = Plan(settings, self._known)
        self._incoming = self._checks(self._plan)

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        self._follow()
        plan, findings = self._plan, Findings(self._secret, hides=self._hidden)
        started = time.perf_counter_ns()
        try:
            request = await self._incoming.check(exchange, findings)
        except Refused:
            findings.took(started)
            _record(exchange, findings)
            return self._refused(exchange)
        findings.took(started)
        if request is not exchange.request:
            exchange.call.kept = request
        if not plan.changing.places.isdisjoint(OUTPUT):
            exchange.call.mask = partial(plan.changing.masked, "answer")
        try:
            reply = await call_next(exchange if request is exchange.request else exchange.with_request(request))
        except BaseException:
            _record(exchange, findings)
            raise
        if not plan.changing.places.isdisjoint(OUTPUT):
            reply = reply.transform(Guarding(plan.changing, findings, self._settings.refusal))
        if self._presidio is not None and not self._presidio.places.isdisjoint(OUTPUT):
            reply = reply.transform(Afterwards(self._presidio, findings, self._settings.refusal, self._hidden))
        return reply.on_end(_ended(exchange, plan.looking, findings))

    def _hidden(self, text: str) -> Sequence[tuple[int, int]]:
        """Where secrets and personal data stand, whatever is looked for."""
        return [(found.start, found.end) for found in self._hides.find("user", text)]

    def _refused(self, exchange: Exchange) -> Reply:
        try:
            answer = exchange.request.answer(self._settings.refusal, "content_filter")
        except TypeError:
            # There is no conversation, as in a call for embeddings.
            raise CallRefused("guardrails", self._settings.refusal) from None
        return Reply.of(answer)

    def _follow(self) -> None:
        """The rules that were learned last; where one of them cannot be used, those before stay in force."""
        learned = self._learned()
        if learned is self._known:
            return
        self._known = learned
        try:
            plan = Plan(self._settings, learned)
        except BadRule as bad:
            _log.error("rules that were learned cannot be used, those before them stay in force: %s", bad)
            return
        self._plan, self._incoming = plan, self._checks(plan)

    def _checks(self, plan: Plan) -> Incoming:
        return Incoming(
            plan,
            hides=self._hides,
            presidio=self._presidio,
            injections=self._injections,
            judge=self._judge,
            judged=judged_guards(self._settings),
        )


def _ended(exchange: Exchange, looking: Watch, findings: Findings) -> Callable[[Ending], None]:
    """Looks at the whole answer, as the client was given it, by the rules that change nothing."""

    def look(ending: Ending) -> None:
        if ending.completion is not None and not looking.places.isdisjoint(OUTPUT):
            started = time.perf_counter_ns()
            for channel, text in ending.completion.chunk().pieces:
                place = place_of(channel)
                for rule, start, end in looking.find(place, text):
                    guard = looking.guard_of(rule, place)
                    before, after = text[max(0, start - _BESIDE) : start], text[end : end + _BESIDE]
                    findings.add(guard, place, before=before, found=text[start:end], after=after)
            findings.took(started)
        _record(exchange, findings)

    return look


def _record(exchange: Exchange, findings: Findings) -> None:
    fact = findings.fact()
    if fact is not None:
        exchange.record(fact)
