"""Moving a variant in or out of traffic by hand, with the decision that says so."""

import secrets
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from burnish.commands.agents import Configured
from burnish.commands.records import Failure
from proxy.config.agent import AgentConfig
from proxy.config.steps import ROUTING
from proxy.seeding import CONFIGURATION, Seeding
from records.decision import CHANGING, Decision
from records.run import JsonValue
from records.variant import SERVING, State, Variant
from stores.ledger import Ledger

_LOOKED_THROUGH: Final = 1000
"""Decisions, newest first, among which the one to undo is looked for."""


class Moved(NamedTuple):
    variant: Variant
    was: State
    decision: str
    """Its id."""


class Mover:
    """Decides for one agent, as `actor`. `now` is in nanoseconds since the epoch."""

    def __init__(
        self,
        ledger: Ledger,
        who: Configured,
        actor: str,
        *,
        now: Callable[[], int] = time.time_ns,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.now = now
        self._ledger = ledger
        self._who = who
        self._actor = actor
        self._new_id = new_id

    def variants(self) -> list[Variant]:
        """All of the agent's; those that only the configuration has so far are added."""
        seeding = Seeding(self._ledger, clock=self.now, new_id=self._new_id)
        return seeding.missing(self._who.name, self._who.agent, self._who.config_hash)

    def move(self, variant: Variant, state: State, why: str, *, undoes: str | None = None) -> Moved:
        """Raises `Failure` where no variant would get traffic any more, `StoreError` where this one has just moved."""
        others = [each for each in self._ledger.variants(variant.agent) if each.serves and each.id != variant.id]
        if variant.serves and state not in SERVING and not others:
            raise Failure(f"{variant.name} is the only variant that gets traffic; start another one first")
        evidence: dict[str, JsonValue] = {} if undoes is None else {"undoes": undoes}
        decision = Decision(
            id=self._new_id(),
            tenant=variant.tenant,
            agent=variant.agent,
            kind="state",
            subject=variant.name,
            text=why,
            evidence=evidence,
            actor=self._actor,
            created_ns=self.now(),
            config_hash=self._who.config_hash,
        )
        moved = self._ledger.move_variant(variant.id, state, decision, was=variant.state)
        return Moved(moved, variant.state, decision.id)


def learns(agent: AgentConfig) -> bool:
    """Whether its routing takes in whichever variants are started; else the policy names who gets traffic."""
    # Imported here: policies cost a command what few of them need.
    from middleware.variant_routing import VariantRoutingSettings

    routing = next((step for step in agent.middleware if step.name == ROUTING and step.enabled), None)
    return routing is not None and VariantRoutingSettings.model_validate(routing.settings).bandit() is not None


def last_change(ledger: Ledger, agent: str) -> Decision | None:
    """The newest change of a variant's state that was not taken back, nor made by the configuration, which would only
    make it again."""
    undone = set()
    for decision in ledger.decisions(agent, kinds=CHANGING, limit=_LOOKED_THROUGH):
        change = decision.change
        if change is None or decision.actor == CONFIGURATION:
            continue
        if change.undoes is not None:
            undone.add(change.undoes)
        elif decision.id not in undone:
            return decision
    return None
