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

    price: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """What one more call of a model takes from the reward, which is from 0 to 1: what critique must earn at least."""
