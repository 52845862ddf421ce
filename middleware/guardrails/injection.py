"""The check for text that speaks to the model: rules first, then a classifier, then the judge where that is unsure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from middleware.exchange import Exchange
from middleware.guardrails.findings import Findings, Refused
from middleware.guardrails.judge import INJECTION_QUESTION, Judge, JudgeFailed
from middleware.guardrails.plan import injection_guards
from middleware.guardrails.settings import ClassifierSettings, GuardrailsSettings, OnError
from policies.guardrails.guard import Guard
from policies.guardrails.injection.model import InjectionModel, Kind
from policies.guardrails.injection.rules import find
from policies.guardrails.rule import Place

_CLASSIFIER: Final = "injection.classifier"
_JUDGE: Final = "injection.judge"


class Injections:
    """`guards` say what follows, by place; where there is none, nobody looks."""

    def __init__(
        self,
        guards: Mapping[Place, Guard],
        model: InjectionModel | None,
        settings: ClassifierSettings,
        judge: Judge | None,
    ) -> None:
        self._guards = guards
        self._model = model
        self._settings = settings
        self._judge = judge

    async def look(self, exchange: Exchange, place: Place, text: str, findings: Findings) -> Guard | None:
        """What follows for this text; None where it is let pass. Raises `Refused` where a check failed that fails
        closed."""
        guard = self._guards.get(place)
        if guard is None:
            return None
        for found in find(text):
            return _as(guard, found.rule, found.version, found.reason)
        if self._model is None:
            return None
        try:
            probability = self._model.probability(text)
        except Exception as error:
            self._failed(_CLASSIFIER, f"{type(error).__name__}: {error}", self._settings.on_error, findings)
            return None
        kind: Kind = "tool_result" if place == "tool_result" else "user"
        if probability >= (self._settings.sure or self._model.sure[kind]):
            return _as(guard, _CLASSIFIER, self._model.version, f"the classifier gives it {probability:.0%}")
        if self._judge is None or probability < (self._settings.unsure or self._model.unsure[kind]):
            return None
        try:
            if await self._judge.says_yes(exchange, INJECTION_QUESTION, text):
                return _as(guard, _JUDGE, self._model.version, "the judge says that it tries to steer the model")
        except JudgeFailed as failed:
            self._failed(_JUDGE, str(failed), self._judge.on_error, findings)
        return None

    @staticmethod
    def _failed(checker: str, why: str, on_error: OnError, findings: Findings) -> None:
        findings.fail(checker, why)
        if on_error == "closed":
            findings.refuse()
            raise Refused


def injections_of(settings: GuardrailsSettings, judge: Judge | None) -> Injections | None:
    """None where nobody looks for injections."""
    guards = injection_guards(settings)
    if not guards:
        return None
    model = InjectionModel.load() if settings.classifier.enabled else None
    return Injections(guards, model, settings.classifier, judge)


def _as(guard: Guard, id: str, version: int, reason: str) -> Guard:
    """What follows, under the name of the check that spoke."""
    return guard._replace(rule=msgspec.structs.replace(guard.rule, id=id, version=version, reason=reason))
