"""What a configuration says about which agents learn, and by what."""

from collections.abc import Iterator
from typing import Any, Final

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config
from proxy.config.steps import ROUTING
from proxy.rewards.learned import Terms

_LEARNS: Final = frozenset({"thompson", "ucb", "track_and_stop", "contextual"})


def learning_agents(config: Config) -> Iterator[tuple[str, AgentConfig, StepConfig]]:
    """Agents whose routing may learn, with the step that says how."""
    for name, agent in config.agents.items():
        if (step := learning_step(agent)) is not None:
            yield name, agent, step


def learning_step(agent: AgentConfig) -> StepConfig | None:
    """The step that says how the agent's routing learns, if it may. Costs no import."""
    if agent.mode != "apply" or agent.record != "all":
        return None
    steps = (step for step in agent.middleware if step.name == ROUTING and step.enabled and _learns(step.settings))
    return next(steps, None)


def terms_of(name: str, agent: AgentConfig, step: StepConfig) -> Terms | None:
    """None where the policy learns nothing. Raises `ValueError` for settings that are none."""
    from middleware.variant_routing import VariantRoutingSettings

    settings = VariantRoutingSettings.model_validate(step.settings)
    bandit = settings.bandit(agent.reward.bounds)
    return None if bandit is None else Terms(name, agent.reward, settings.sticky, bandit, agent.session.idle)


def _learns(settings: dict[str, Any]) -> bool:
    policy = settings.get("policy")
    return bool(_LEARNS & ({policy} if isinstance(policy, str) else set(policy or ())))
