"""Publishes the learned rules in force to the workers, once they are seen to be as they were signed."""

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from records.guard import GuardPolicy, SignedPolicy
from stores.guard_rules import BadPolicy, GuardRuleStore, signed, verified
from stores.routing import Folded
from stores.runs import StoreBusy
from stores.states import States

ACTOR: Final = "burnish"
_AGAIN: Final = 10.0
"""Seconds after which all is published again: what workers share may have been lost meanwhile."""
_ATTEMPTS: Final = 5
_log = logging.getLogger("burnish.guardrails")


class Published(NamedTuple):
    """Where the rules are kept, and where workers read them."""

    rules: GuardRuleStore
    news: States[SignedPolicy]


class RulePublishing:
    """`secret` is the deployment's."""

    def __init__(self, stores: Published, secret: bytes) -> None:
        self._stores = stores
        self._secret = secret
        self._last: dict[str, SignedPolicy] = {}
        self._bad: dict[str, str] = {}
        self._again_at = 0.0

    def step(self, agents: Sequence[str], now: float) -> None:
        """`now` is monotonic, in seconds. What cannot be verified is said once, and what was in force before stays."""
        again = now >= self._again_at
        for agent, found in self._stores.rules.live_policies(agents).items():
            policy = self._none(agent) if found is None else found
            if (again or agent in self._bad or policy != self._last.get(agent)) and self._verified(policy):
                self._publish(policy)
        if again:
            self._again_at = now + _AGAIN

    def _publish(self, policy: SignedPolicy) -> None:
        news, agent = self._stores.news, policy.agent
        state = policy.signature.encode()
        for _ in range(_ATTEMPTS):
            known = news.load(agent)
            if known is not None and known.state == state:
                break
            if news.save(known, Folded(known.cursor + 1 if known else 1, state), policy):
                break
            # The background process of another machine was first, most likely with the same.
        else:
            raise StoreBusy(f"the learned rules of {agent!r} are published by others all the time")
        self._last[agent] = policy

    def _verified(self, policy: SignedPolicy) -> bool:
        try:
            verified(self._secret, policy)
        except BadPolicy as bad:
            if self._bad.get(policy.agent) != str(bad):
                _log.error("%s; the rules in force before stay", bad)
            self._bad[policy.agent] = str(bad)
            return False
        if self._bad.pop(policy.agent, None) is not None:
            _log.warning("agent %r: its learned rules are in order again", policy.agent)
        return True

    def _none(self, agent: str) -> SignedPolicy:
        """Told outright: that nothing is published is no reason to forget a rule."""
        nothing = GuardPolicy(
            tenant="", agent=agent, version=0, parent=0, rules=(), actor=ACTOR, reason="None in force.", created_ns=0
        )
        return signed(self._secret, nothing)
