"""What a configuration, and the variants that agents have learned, say about who has a memory, and by what terms."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from proxy.config.agent import AgentConfig, StepConfig
from proxy.config.model import Config
from proxy.rewards.terms import learning_step
from proxy.variants import VariantNotUsable, with_variants
from records.variant import Variant
from stores.ledger import Ledger

if TYPE_CHECKING:
    from proxy.memory.terms import MemoryTerms

RETRIEVAL: Final = "retrieval"

Serving: TypeAlias = Mapping[str, Sequence[Variant]]
"""The ledger's variants that get traffic, by agent."""
_NONE: Final[Serving] = MappingProxyType({})


def remembering_agents(config: Config, serving: Serving = _NONE) -> Iterator[tuple[str, AgentConfig, StepConfig]]:
    """Agents that are shown past answers, with the step that shows them."""
    for name, agent in config.agents.items():
        for known in (agent, *_with_each(agent, serving.get(name, ()))):
            if (step := retrieval_step(known)) is not None:
                yield name, agent, step
                break


def serving_variants(config: Config, ledger: Ledger) -> Serving:
    """Those of agents that have it from them alone whether they are shown past answers. Raises `StoreError`."""
    return {name: [each for each in ledger.variants(name) if each.serves] for name in undecided_agents(config)}


def undecided_agents(config: Config) -> list[str]:
    """Agents that learn, and have the step off: a variant that is not in the configuration may have it on."""
    return [
        name
        for name, agent in config.agents.items()
        if any(step.name == RETRIEVAL for step in agent.middleware)
        and learning_step(agent) is not None
        and retrieval_step(agent) is None
    ]


def retrieval_step(agent: AgentConfig) -> StepConfig | None:
    """The step that shows past answers, if the agent or one of its variants has it on. Costs no import."""
    if agent.mode != "apply" or agent.record != "all":
        return None
    for variant in agent.variants:
        for step in agent.chain(variant):
            if step.name == RETRIEVAL and step.enabled:
                return next(own for own in agent.middleware if own.name == RETRIEVAL)
    return None


def _with_each(agent: AgentConfig, variants: Sequence[Variant]) -> Iterator[AgentConfig]:
    """The agent with one of them at a time; one that no worker can serve is passed over."""
    for variant in variants:
        try:
            yield with_variants(agent, [variant])
        except VariantNotUsable:
            continue


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
