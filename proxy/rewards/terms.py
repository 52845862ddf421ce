"""What a configuration says about which agents learn, and by what."""

from collections.abc import Iterator
from typing import Any, Final

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config
from proxy.config.steps import ROUTING
from proxy.rewards.learned import Terms

_LEARNS: Final = frozenset({"thompson", "ucb", "track_and_stop", "contextual"})


def learning_agents(config: Config) -> Iterator[tuple[str, AgentConfig, StepConfig]]:
    """Agents whose routing may learn, with the step that says how. Costs no import."""
    for name, agent in config.agents.items():
        step = next((step for step in agent.middleware if step.name == ROUTING and step.enabled), None)
        if step is not None and agent.mode == "apply" and agent.record == "all" and _learns(step.settings):
            yield name, agent, step


def terms_of(name: str, agent: AgentConfig, step: StepConfig) -> Terms | None:
    """None where the policy learns nothing. Raises `ValueError` for settings that are none."""
    from middleware.variant_routing import VariantRoutingSettings

    settings = VariantRoutingSettings.model_validate(step.settings)
    bandit = settings.bandit(agent.reward.bounds)
    return None if bandit is None else Terms(name, agent.reward, settings.sticky, bandit, agent.session.idle)


def _learns(settings: dict[str, Any]) -> bool:
    policy = settings.get("policy")
    return bool(_LEARNS & ({policy} if isinstance(policy, str) else set(policy or ())))
