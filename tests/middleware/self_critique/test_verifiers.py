"""Every kind of check can be written in the settings, judges answers, and says why where it cannot."""

from typing import Any

import pytest
from pydantic import ValidationError

from burnish.testing import ScriptedModel, exchange, request, says
from middleware.self_critique import SelfCritiqueSettings
from stores.sandbox import fences
from tests.middleware.self_critique.agents import BAD, GOOD, SCHEMA, Says, answered, asking, step

ADD = "Here:\n```python\ndef add(a, b):\n    return a {sign} b\n```"
RIGHT, WRONG = ADD.format(sign="+"), ADD.format(sign="-")
TESTS = ["assert add(2, 3) == 5", "assert add(0, 0) == 0"]

fenced = pytest.mark.skipif(bool(fences.missing()), reason=fences.missing())


@fenced
async def test_code_that_fails_its_tests_is_revised() -> None:
    checks = [{"code": {"tests": TESTS}}]
    completion, fact = await answered(step(Says(RIGHT), verifiers=checks), says(WRONG))
    assert completion.text == RIGHT
    assert (fact.verifier, fact.before, fact.after) == ("code", 0.5, 1.0)
    assert "The test `assert add(2, 3) == 5` fails with AssertionError" in fact.critique


@fenced
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("```python\n1 / 0\n```", "The code raises ZeroDivisionError: division by zero (line 1)"),
        ("```python\nwhile True: pass\n```", "The code does not run: it took longer than it may"),
        ("```python\nimport os\nos._exit(0)\n```", "The code does not run: it ended its process"),
        ("no code", "has no Python code in a fenced block"),
    ],
)
async def test_code_that_does_not_run_fails(answer: str, said: str) -> None:
    checks = [{"code": {"tests": ["assert True"], "needed": True, "seconds": 0.5}}]
    _, fact = await answered(step(Says(RIGHT), {"": 0.0}, verifiers=checks), says(answer))
    assert (fact.flagged, fact.before) == (True, 0.0)
    _, fact = await answered(step(Says("nothing new"), verifiers=checks), says(answer))
    assert said in fact.critique


@fenced
async def test_an_answer_without_code_may_be_no_concern() -> None:
    _, fact = await answered(step(Says(GOOD), verifiers=[{"code": {"tests": TESTS}}]), says("no code"))
    assert fact.reason == "no check applies"


OWN = f"{__package__}.own_checks"


@fenced
@pytest.mark.parametrize(
    ("function", "value", "said"),
    [
        ("polite", 0.0, "Say please."),
        ("half", 0.5, "0.5 of 1"),
        ("no", 0.0, "does not pass"),
        ("fine", 1.0, ""),
        ("nothing", 1.0, ""),
    ],
)
async def test_a_function_of_the_owners_judges(function: str, value: float, said: str) -> None:
    checks = [{"python": {"function": f"{OWN}:{function}", "seconds": 60}}]
    _, fact = await answered(step(Says("The same."), verifiers=checks), says("Do it."), exchange(request("What?")))
    assert fact.before == value
    assert said in fact.critique


@fenced
@pytest.mark.parametrize(("function", "why"), [("breaks", "it raises ValueError: no"), ("missing", "AttributeError")])
async def test_a_function_that_fails_tells_nothing_of_the_answer(function: str, why: str) -> None:
    checks = [{"python": {"function": f"{OWN}:{function}", "seconds": 60}}]
    _, fact = await answered(step(Says("x"), verifiers=checks), says("Do it."))
    assert (fact.eligible, fact.flagged) == (False, None)
    assert why in fact.reason


async def test_equations_that_do_not_hold_are_corrected() -> None:
    checks = [{"numeric": {"equations": True}}]
    completion, fact = await answered(step(Says("3 * 4 = 12"), verifiers=checks), says("3 * 4 = 13"))
    assert completion.text == "3 * 4 = 12"
    assert "the left side is 12" in fact.critique


async def test_an_answer_that_fails_the_owners_schema_is_revised_under_it() -> None:
    reviser = Says(GOOD)
    await answered(step(reviser, verifiers=[{"json_schema": SCHEMA}]), says(BAD), asking(schema=False))
    assert reviser.asked[0].request.answer_schema == SCHEMA
    reviser = Says(GOOD)
    free = step(reviser, verifiers=[{"json_schema": SCHEMA}], constrain=False)
    await answered(free, says(BAD), asking(schema=False))
    assert reviser.asked[0].request.answer_schema is None


async def test_a_server_that_takes_no_schema_is_asked_without() -> None:
    reviser = Says(ScriptedModel(status=400), GOOD)
    critique = step(reviser, verifiers=[{"json_schema": SCHEMA}])
    completion, _ = await answered(critique, says(BAD), asking(schema=False))
    assert completion.text == GOOD
    assert [asked.request.answer_schema for asked in reviser.asked] == [SCHEMA, None]


async def test_a_long_answer_is_checked_beside_the_other_calls() -> None:
    answer = '{"city": "' + "R" * 30_000 + '"}'
    _, fact = await answered(step(Says(GOOD)), says(answer))
    assert fact.before == 1.0


@pytest.mark.parametrize(
    "check",
    [
        {"numeric": {}},
        {"numeric": {"at": "total", "min": 1}},
        {"code": {"language": "cobol"}},
        {"python": "no colon"},
        {"python": {"function": "a:b", "network": "yes"}},
    ],
)
def test_a_check_that_cannot_be_made_is_refused(check: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SelfCritiqueSettings.model_validate({"verifiers": [check]})
