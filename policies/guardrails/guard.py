"""A rule at work for an agent: where it looks, what follows, and whether it does follow."""

from typing import NamedTuple

from policies.guardrails.rule import Action, Mode, Place, Rule


class Guard(NamedTuple):
    """`action` is done where `mode` is `enforce`; in `shadow`, what would have been is on record."""

    rule: Rule
    action: Action
    mode: Mode
    places: tuple[Place, ...]

    @property
    def changes(self) -> bool:
        """Whether what it finds changes what is passed on."""
        return self.mode == "enforce" and self.action in ("rewrite", "block")
