"""Which model a name stands for, and who may use it."""

from typing import Any

import pytest

from middleware.exchange import Bound
from proxy.config.model import Config
from proxy.errors import ApiError
from proxy.upstreams.choice import ModelChoice


def choice(available: bool = True, speaks: str = "chat", **models: Any) -> ModelChoice:
    config = Config.model_validate(
        {
            "version": 1,
            "providers": {
                "near": {"base_url": "https://near.example/v1", "api_key": "k" if available else ""},
                "far": {"base_url": "https://far.example/v1", "timeout": {"idle": "7s"}, "apis": [speaks]},
            },
            "models": {
                "fast": {"provider": "near", "model": "small-2"},
                "smart": {"provider": "far", "model": "large-1", "timeout": {"first_byte": "9s"}},
                "secret": {"provider": "far", "model": "large-9"},
            },
            "agents": {"test": {"models": {"default": "fast", "allow": ["fast", "smart"], **models}}},
        }
    )
    return ModelChoice(config, "test")


def test_an_alias_stands_for_a_model_at_a_provider_with_its_own_waits() -> None:
    route = choice().of("smart", "base")
    assert (route.name, route.provider, route.model) == ("smart", "far", "large-1")
    assert (route.timeout.first_byte, route.timeout.idle) == (9.0, 7.0)


@pytest.mark.parametrize("asked", ["", "gpt-4o", "secret"])
def test_by_default_any_other_name_means_the_default_model(asked: str) -> None:
    assert choice().of(asked, "base").name == "fast"


def test_by_default_the_default_model_is_not_asked_to_embed() -> None:
    route = choice().of("embed-3", "base", embeds=True)
    assert (route.name, route.provider, route.model) == ("fast", "near", "embed-3")
    assert choice().of("", "base", embeds=True).model == "small-2"
    with pytest.raises(ApiError, match="may not use the model 'secret'"):
        choice().of("secret", "base", embeds=True)
    with pytest.raises(ApiError, match="no model 'embed-3'"):
        choice(unknown="reject").of("embed-3", "base", embeds=True)


def test_the_first_default_that_is_available_is_used() -> None:
    assert choice(available=False, default=["fast", "smart"]).default.name == "smart"
    assert choice(default=["fast", "smart"]).default.name == "fast"


def test_without_any_available_default_the_error_says_what_is_missing() -> None:
    with pytest.raises(ApiError, match=r"'near' is not available: .* key is set") as raised:
        _ = choice(available=False).default
    assert raised.value.status == 503


def test_an_unknown_name_can_be_refused() -> None:
    with pytest.raises(ApiError, match="no model 'gpt-4o'; agent 'test' may use fast, smart") as raised:
        choice(unknown="reject").of("gpt-4o", "base")
    error = raised.value
    assert (error.status, error.code, error.param) == (404, "model_not_found", "model")


@pytest.mark.parametrize("unknown", ["reject", "passthrough"])
def test_a_configured_model_that_is_not_allowed_is_forbidden(unknown: str) -> None:
    with pytest.raises(ApiError, match="may not use the model 'secret'") as raised:
        choice(unknown=unknown).of("secret", "base")
    assert (raised.value.status, raised.value.param) == (403, "model")


def test_an_unknown_name_can_be_passed_to_the_default_models_provider() -> None:
    route = choice(unknown="passthrough").of("small-3-preview", "base")
    assert (route.name, route.provider, route.model) == ("fast", "near", "small-3-preview")


def test_a_request_that_names_no_model_gets_the_default_even_where_unknown_ones_are_refused() -> None:
    assert choice(unknown="reject").of("", "base").name == "fast"


@pytest.mark.parametrize("kept", [False, True])
def test_who_gave_the_answer_is_asked_to_go_on_from_it(kept: bool) -> None:
    """Under a name that stands for whatever the agent's default is, the default may have changed since."""
    assert choice().bound(Bound("base", "smart", kept), "gpt-4o", "base") == choice().routes["smart"]


def test_another_model_of_the_same_provider_can_go_on_too() -> None:
    route = choice(allow=["smart", "secret"]).bound(Bound("base", "secret", kept=True), "smart", "base")
    assert route is not None
    assert route.name == "smart"


def test_a_client_that_turns_to_another_model_gets_it_unless_the_conversation_is_kept_elsewhere() -> None:
    assert choice().bound(Bound("base", "smart"), "fast", "base") is None
    kept = choice().bound(Bound("base", "smart", kept=True), "fast", "base")
    assert kept is not None
    assert kept.name == "smart"


def test_a_model_that_is_no_longer_configured_binds_nobody() -> None:
    assert choice().bound(Bound("base", "gone", kept=True), "fast", "base") is None


def test_a_route_of_an_api_goes_to_the_default_where_it_speaks_it_else_to_the_first_that_does() -> None:
    assert choice().speaking("chat").name == "fast"
    assert choice(speaks="messages").speaking("messages").name == "smart"
    # Whoever speaks it without saying so is given the chance.
    assert choice().speaking("responses").name == "fast"
