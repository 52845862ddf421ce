"""How critique is put to the test, and what it takes to switch it off and on."""

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class WorthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one agent, for each of its strata alike."""

    holdout: Share = 0.1
    """The share of calls that are not critiqued while it is on: they tell what it adds."""

    explore: Share = 0.1
    """The share of calls that are critiqued while it is off: how it comes back."""

    price: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """What it takes from the reward, from 0 to 1, to ask a model for a critique: what that must earn at least."""

    false_off: Share = 0.2
    """The probability, at most, that critique which is worth its price is switched off, each time that it is on.
    That is what it is where it is worth nothing, and little is lost; what helps is switched off far less often."""

    false_on: Share = 0.05
    """The same for critique that is not worth its price and is switched on again, each time that it is off."""
