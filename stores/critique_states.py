"""How often answers are critiqued, as workers act on it. What is known of that is kept with it (`stores.states`)."""

from typing import Final

import msgspec

from stores.states import Kind


class CritiqueShares(msgspec.Struct, frozen=True, kw_only=True):
    """The probability of critique in one agent's calls, by stratum."""

    agent: str
    shares: dict[str, float] = {}


CRITIQUE: Final = Kind("critique_states", "critique_shares", CritiqueShares, "critique is given as it was")
