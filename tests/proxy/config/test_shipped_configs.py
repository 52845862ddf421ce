"""The configuration that `make run` uses and the examples load as they stand."""

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.model import Config
from proxy.config.steps import by_settings
from tests.proxy.config.test_schema import ROOT, own_steps

VARIABLES = {
    "OPENAI_API_KEY": "a",
    "ANTHROPIC_API_KEY": "b",
    "BURNISH_DATABASE_URL": "postgresql+psycopg://burnish:c@db/burnish",
    "BURNISH_REDIS_URL": "redis://cache:6379",
    **{f"{name}_KEY_HASH": f"sha256:{digit * 64}" for name, digit in [
        ("SUPPORT", "1"), ("RESEARCHER", "2"), ("BILLING", "3"), ("BILLING_NEXT", "4"),
    ]},
}  # fmt: skip


def shipped(name: str, secrets: Path, env: dict[str, str]) -> Config:
    """A shipped file, with its secrets in another folder than /run/secrets."""
    for secret in ("console_token", "openai_api_key", "azure_api_key", "collector_token"):
        (secrets / secret).write_text(f"{secret} of the test\n")
    copy = secrets / "burnish.yaml"
    copy.write_text((ROOT / "config" / name).read_text().replace("/run/secrets", str(secrets)))
    return load(copy, env=env, validate_steps=by_settings(own_steps().__getitem__))


def test_without_a_key_the_default_uses_the_small_model(tmp_path: Path) -> None:
    config = shipped("burnish.yaml", tmp_path, {})
    assert config.default_model("assistant") == "small"
    assert [step.name for step in config.agents["assistant"].middleware] == ["variant_routing", "tool_outcomes"]


def test_with_a_key_the_default_uses_openai(tmp_path: Path) -> None:
    config = shipped("burnish.yaml", tmp_path, {"OPENAI_API_KEY": "key"})
    assert config.default_model("assistant") == "smart"


@pytest.mark.parametrize("file", sorted((ROOT / "config/examples").glob("*.yaml")), ids=lambda file: file.name)
def test_an_example_loads_and_its_agents_can_call(file: Path, tmp_path: Path) -> None:
    config = shipped(f"examples/{file.name}", tmp_path, VARIABLES)
    assert config.agents
    assert all(config.default_model(agent) and config.agents[agent].keys for agent in config.agents)


def test_the_fleet_shares_settings_between_agents_and_tells_them_apart(tmp_path: Path) -> None:
    agents = shipped("examples/fleet.yaml", tmp_path, VARIABLES).agents
    assert agents["support"].limits == agents["billing"].limits
    assert agents["support"].tenant != agents["billing"].tenant
    assert len(agents["billing"].keys) == 2
