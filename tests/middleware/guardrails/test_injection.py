"""The check for injections: how sure the classifier has to be depends on whose text it is."""

import numpy as np
import pytest

from burnish.testing import exchange, request
from middleware.guardrails import GuardrailsSettings
from middleware.guardrails.findings import Findings
from middleware.guardrails.injection import Injections
from middleware.guardrails.plan import injection_guards
from middleware.guardrails.settings import ClassifierSettings
from policies.guardrails.injection.features import BITS
from policies.guardrails.injection.model import InjectionModel
from policies.guardrails.rule import Place

TEXT = "The harbour was quiet that morning."


def undecided(**thresholds: float) -> InjectionModel:
    """A classifier that gives every text one half."""
    nothing = np.zeros(2**BITS, np.int8)
    constants = {"words_scale": 1.0, "grams_scale": 1.0, "bias": 0.0, "slope": 1.0, "intercept": 0.0, "version": 1.0}
    return InjectionModel(nothing, nothing, {**constants, "unsure_user": 0.1, "unsure_tool_result": 0.1, **thresholds})


async def taken(place: Place, model: InjectionModel, settings: ClassifierSettings) -> bool:
    step = Injections(injection_guards(GuardrailsSettings()), model, settings, None)
    return await step.look(exchange(request(TEXT)), place, TEXT, Findings(b"secret")) is not None


@pytest.mark.parametrize(("place", "other"), [("user", "tool_result"), ("tool_result", "user")])
async def test_each_kind_of_text_has_its_own_threshold(place: Place, other: Place) -> None:
    model = undecided(**{f"sure_{place}": 0.4, f"sure_{other}": 0.6})
    assert await taken(place, model, ClassifierSettings())
    assert not await taken(other, model, ClassifierSettings())


@pytest.mark.parametrize("place", ["user", "tool_result"])
async def test_a_threshold_of_the_owner_is_for_all_text(place: Place) -> None:
    model = undecided(sure_user=0.6, sure_tool_result=0.6)
    assert await taken(place, model, ClassifierSettings(sure=0.5))
    assert not await taken(place, model, ClassifierSettings(sure=0.55))
