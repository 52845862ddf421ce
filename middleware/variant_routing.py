"""Which variant of the agent a call gets."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from middleware.exchange import Exchange
from middleware.protocol import Handler, Settings
from middleware.reply import Reply
from middleware.services import Services
from policies.assignment import assign, epoch_of, probabilities, uniform
from records import Assignment


class Weighted(Settings):
    weighted: dict[str, Annotated[float, Field(ge=0)]]
    """A weight per variant; those left out get nothing."""

    @model_validator(mode="after")
    def _some_weight(self) -> "Weighted":
        if not sum(self.weighted.values()) > 0:
            raise ValueError("at least one weight must be positive")
        return self


class Fixed(Settings):
    fixed: str
    """The variant every call gets."""


class VariantRoutingSettings(Settings):
    policy: Literal["fixed"] | Fixed | Weighted = "fixed"
    """`fixed` (always `base`), `fixed: NAME`, or `weighted: {base: 9, terse: 1}`."""

    sticky: Literal["session", "user", "call"] = "session"
    """What keeps its variant: a session, a user, or nothing (each call is drawn anew)."""

    @field_validator("policy")
    @classmethod
    def _known(cls, policy: Any, info: ValidationInfo) -> Any:
        variants: Sequence[str] = (info.context or {}).get("variants", ())
        for name in _weights(policy) if variants else ():
            if name not in variants:
                close = difflib.get_close_matches(name, variants, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(variants)}"
                raise ValueError(f"there is no variant {name!r}; {hint}")
        return policy

    @property
    def weights(self) -> dict[str, float]:
        return _weights(self.policy)


def _weights(policy: Fixed | Weighted | Literal["fixed"]) -> dict[str, float]:
    match policy:
        case Weighted(weighted=weights):
            return weights
        case Fixed(fixed=name):
            return {name: 1.0}
        case _:
            return {"base": 1.0}


class VariantRouting:
    """Draws the variant; the same session gets the same one, on every worker, without a store."""

    Settings = VariantRoutingSettings

    def __init__(self, settings: VariantRoutingSettings, services: Services) -> None:
        unknown = [name for name in settings.weights if name not in services.variants]
        if unknown:
            raise ValueError(
                f"agent {services.agent!r}: variant_routing names {unknown[0]!r}, which is not among its variants "
                f"({', '.join(services.variants)})"
            )
        self._policy = "weighted" if isinstance(settings.policy, Weighted) else "fixed"
        self._published = probabilities(settings.weights)
        self._epoch = epoch_of(self._policy, self._published)
        self._sticky = settings.sticky
        self._agent = services.agent
        self._secret = services.secret
        self._variants = frozenset(services.variants)

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        bound = exchange.bound
        if bound is not None and bound.variant in self._variants:
            # Nothing is drawn: the upstream that can go on from the last answer was reached as this variant.
            exchange.record(Assignment("bound", self._epoch, (bound.variant,), bound.variant, 1.0))
            return await call_next(exchange.with_variant(bound.variant))
        u = uniform(self._secret, self._agent, self._unit(exchange))
        assignment = assign(self._policy, self._epoch, self._published, u)
        exchange.record(assignment)
        return await call_next(exchange.with_variant(assignment.variant))

    def _unit(self, exchange: Exchange) -> str:
        """What is drawn for: the user, or where nobody says who it is their session, or this call alone."""
        if self._sticky == "user" and exchange.user:
            return f"user\0{exchange.user}"
        if self._sticky != "call" and exchange.session:
            return f"session\0{exchange.session}"
        return f"call\0{exchange.id}"
