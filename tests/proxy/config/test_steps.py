"""A step's settings see the agent around them."""

import pytest
from pydantic import ValidationInfo, field_validator

from middleware.protocol import Settings
from proxy.config.load import load
from proxy.config.problems import ConfigError
from proxy.config.steps import by_settings
from tests.proxy.config.conftest import Load


class Chosen(Settings):
    variant: str

    @field_validator("variant")
    @classmethod
    def _declared(cls, name: str, info: ValidationInfo) -> str:
        context = info.context or {}
        if name not in context["variants"]:
            raise ValueError(f"agent {context['agent']} has no variant {name}; models are {context['models']}")
        return name


def test_settings_are_validated_by_the_class_that_the_registry_lends(load_text: Load) -> None:
    text = """\
        version: 1
        providers: {local: {base_url: http://127.0.0.1:1}}
        models: {fast: {provider: local, model: m}}
        agents:
          support:
            models: {default: fast}
            variants: {terse: {}}
            middleware: [guardrails: {output: []}]
        """
    load_text(text)
    settings = by_settings(lambda name: Chosen)
    with pytest.raises(ConfigError) as refused:
        load("burnish.yaml", env={}, validate_steps=settings)
    assert [line.split(": ", 1)[1] for line in refused.value.lines] == [
        "agents.support.middleware[0].variant: is missing",
        "agents.support.middleware[0].output: unknown key",
    ]


@pytest.mark.parametrize(("variant", "valid"), [("base", True), ("terse", True), ("tersr", False)])
def test_a_step_may_refer_only_to_variants_that_exist(load_text: Load, variant: str, valid: bool) -> None:
    text = f"""\
version: 1
providers: {{local: {{base_url: http://127.0.0.1:1}}}}
models: {{fast: {{provider: local, model: m}}}}
agents:
  support: {{models: {{default: fast}}, variants: {{terse: {{}}}}, middleware: [guardrails: {{variant: {variant}}}]}}
"""
    with pytest.raises(ConfigError):
        load_text(text)
    settings = by_settings(lambda name: Chosen)
    if valid:
        assert load("burnish.yaml", env={}, validate_steps=settings).agents["support"].middleware[0].settings
        return
    with pytest.raises(ConfigError, match="agent support has no variant tersr; models are"):
        load("burnish.yaml", env={}, validate_steps=settings)
