"""By what the worth of an agent's critique is judged, and whose is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config
from proxy.config.reward import Reward

if TYPE_CHECKING:
    from policies.critique.settings import WorthSettings

STEP: Final = "self_critique"


class CritiqueTerms(NamedTuple):
    """`reward` says which scores count, and how long they are waited for."""

    agent: str
    tenant: str
    reward: Reward
    worth: "WorthSettings"
    config_hash: str = ""


def critiqued_agents(config: Config) -> Iterator[tuple[str, AgentConfig, StepConfig]]:
    """Agents whose answers may be critiqued, with the step that says how. Costs no import."""
    for name, agent in config.agents.items():
        if (step := critique_step(agent)) is not None:
            yield name, agent, step


def critique_step(agent: AgentConfig) -> StepConfig | None:
    """Where it is off a variant may have it on."""
    if agent.mode != "apply" or agent.record != "all":
        return None
    return next((step for step in agent.middleware if step.name == STEP), None)


def terms_of(name: str, agent: AgentConfig, step: StepConfig, config_hash: str = "") -> CritiqueTerms:
    """Raises `ValueError` for settings that are none."""
    from middleware.self_critique import SelfCritiqueSettings
    from proxy.memory.terms import USUAL

    settings = SelfCritiqueSettings.model_validate(step.settings)
    reward = agent.reward if "reward" in agent.model_fields_set else USUAL
    return CritiqueTerms(name, agent.tenant, reward, settings.worth, config_hash)
