"""What a user can be given, and what stays with the tests."""

import pytest

from proxy.bundled.catalogue import CATALOGUE, DEFAULT, Model, find
from proxy.bundled.errors import SmallModelError


def test_the_default_is_a_model_a_user_may_have() -> None:
    assert find(DEFAULT.name) is DEFAULT


@pytest.mark.parametrize("name", [model.name for model in CATALOGUE.values() if model.for_tests])
def test_a_model_for_tests_is_never_given_to_a_user(name: str) -> None:
    with pytest.raises(SmallModelError, match=f"'{name}'"):
        find(name)


def test_a_misspelt_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(
        SmallModelError, match="no bundled model is called 'smolm2'; did you mean 'smollm2-135m-instruct'"
    ):
        find("smolm2")


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_every_slot_holds_a_prompt_of_the_length_the_model_was_trained_for(model: Model) -> None:
    assert model.context >= 8192
    assert model.slots >= 2
