"""Settings that would look as if they guarded, and did not, are refused."""

from typing import Any

import pytest

from middleware.guardrails import GuardrailsSettings

JUDGED = {"judge": "Is it advice?"}


def checked(**rule: Any) -> GuardrailsSettings:
    return GuardrailsSettings.model_validate({"judge": {"model": "small"}, "rules": {"advice": {**JUDGED, **rule}}})


@pytest.mark.parametrize("place", ["answer", "tool_arguments"])
def test_the_judge_cannot_be_asked_about_answers(place: str) -> None:
    with pytest.raises(ValueError, match=r"'advice' asks the judge, which reads requests alone; give it places among"):
        checked(places=["user", place])
    checked(places=["user", "tool_result"])


def test_patterns_beside_a_question_are_tried_too() -> None:
    with pytest.raises(ValueError, match=r"'a\+' repeats without an end"):
        checked(patterns=["a+"])
    checked(patterns=["a{1,9}"])
