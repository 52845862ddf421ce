"""Numbers have a range, a unit and a place, and the sums that an answer writes have to come out."""

import pytest

from policies.critique.verifiers.numeric import Numeric
from policies.critique.verifiers.verdict import BadCheck


@pytest.mark.parametrize(
    ("check", "answer", "holds"),
    [
        (Numeric(least=1, most=10), "First 500, so it is 7.", True),
        (Numeric(least=1, most=10), "First 7, so it is 500.", False),
        (Numeric(most=10), "None at all.", False),
        (Numeric(least=1000), "It is 1,234.50 in all", True),
        (Numeric(whole=True), "12 sheep", True),
        (Numeric(whole=True), "12.5 sheep", False),
        (Numeric(units=("kg", "g")), "It weighs 5 kg.", True),
        (Numeric(units=("kg", "g")), "It weighs 5 pounds.", False),
        (Numeric(units=("€",)), "That is €5.", True),
        (Numeric(at="/total", least=0), '{"total": 3.5}', True),
        (Numeric(at="/items/0/price", least=0), '{"items": [{"price": -1}]}', False),
        (Numeric(at="/total"), '{"total": "3.5"}', False),
        (Numeric(at="/total"), '{"total": true}', False),
        (Numeric(at="/total"), "no JSON", False),
        (Numeric(at="/a~1b/x"), '{"a/b": {"x": 1}}', True),
    ],
)
def test_one_number_is_held_to_what_is_asked_of_it(check: Numeric, answer: str, holds: bool) -> None:
    assert check(answer).passed is holds


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        ("3 * 4 = 12", True),
        ("She pays $3 × 4 = $12 in all.", True),
        ("2 + 3 * 4 = 14 and 14 / 4 = 3.5", True),
        ("2 + 3 * 4 = 20", False),
        ("10 / 3 = 3.33", True),
        ("10 / 3 = 3.34", False),
        ("1,200 - 200 = 1,000", True),
        ("1/0 = 5 makes no sense", True),
        ("No sums here, on 2026-11-22.", True),
        ("x = 5", True),
    ],
)
def test_the_equations_of_an_answer_have_to_hold(answer: str, holds: bool) -> None:
    assert Numeric(equations=True)(answer).passed is holds


def test_what_is_wrong_is_said_with_the_right_number() -> None:
    found = Numeric(equations=True)("16 - 3 = 13, and 13 * 2 = 28.")
    assert found.said == "13 * 2 = 28 does not hold: the left side is 26."
    assert found.value == 0.5


def test_a_long_row_of_digits_is_no_burden() -> None:
    assert Numeric(equations=True)("1" * 200_000).passed


@pytest.mark.parametrize("asked", [{}, {"at": "total", "least": 1}, {"at": "/total", "units": ("kg",)}])
def test_a_check_that_cannot_be_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(BadCheck):
        Numeric(**asked)  # type: ignore[arg-type]  # As a settings file may have it.
