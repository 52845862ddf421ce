"""The learned rules that one worker goes by: the last that were published and bear the deployment's signature."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from records.guard import LearnedRule, SignedPolicy
from stores.guard_rules import BadPolicy, verified

_NONE: Final[tuple[LearnedRule, ...]] = ()
_log = logging.getLogger("burnish.guardrails")


class LearnedRules:
    """`secret` is the deployment's."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._taken: Mapping[str, SignedPolicy] = {}
        self._seen: dict[str, SignedPolicy] = {}
        self._rules: dict[str, tuple[LearnedRule, ...]] = {}

    def take(self, found: Mapping[str, SignedPolicy]) -> None:
        """Rules hold until others take their place: neither silence nor what cannot be verified drops one."""
        if found is self._taken:
            return
        for agent, policy in found.items():
            if policy == self._seen.get(agent):
                continue
            self._seen[agent] = policy
            try:
                self._rules[agent] = verified(self._secret, policy).rules
            except BadPolicy as bad:
                _log.error("%s; the rules in force before stay", bad)
        self._taken = found

    def of(self, agent: str) -> Sequence[LearnedRule]:
        """The same object while they are the same."""
        return self._rules.get(agent, _NONE)
