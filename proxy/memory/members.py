"""What a configuration says about which agents have a memory, and by what terms."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config

if TYPE_CHECKING:
    from proxy.memory.terms import MemoryTerms

RETRIEVAL: Final = "retrieval"


def remembering_agents(config: Config) -> Iterator[tuple[str, AgentConfig, StepConfig]]:
    """Agents that are shown past answers, with the step that shows them."""
    for name, agent in config.agents.items():
        if (step := retrieval_step(agent)) is not None:
            yield name, agent, step


def retrieval_step(agent: AgentConfig) -> StepConfig | None:
    """The step that shows past answers, if the agent or one of its variants has it on. Costs no import."""
    if agent.mode != "apply" or agent.record != "all":
        return None
    for variant in agent.variants:
        for step in agent.chain(variant):
            if step.name == RETRIEVAL and step.enabled:
                return next(own for own in agent.middleware if own.name == RETRIEVAL)
    return None


def terms_of(name: str, agent: AgentConfig, step: StepConfig, config_hash: str = "") -> "MemoryTerms":
    """Raises `ValueError` for settings that are none."""
    from middleware.retrieval import RetrievalSettings
    from proxy.memory.terms import USUAL, MemoryTerms

    settings = RetrievalSettings.model_validate(step.settings)
    return MemoryTerms(
        agent=name,
        tenant=agent.tenant,
        reward=agent.reward if "reward" in agent.model_fields_set else USUAL,
        admission=settings.admit,
        skip=frozenset(settings.skip_rules),
        config_hash=config_hash,
    )
