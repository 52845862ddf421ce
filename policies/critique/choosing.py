"""Whether a call is critiqued, by chance. On the hot path, and in the simulation that it is judged by."""

from collections.abc import Mapping
from typing import NamedTuple

DEFAULT = ""
"""Stands for every stratum that nothing is known of."""


class Chosen(NamedTuple):
    """`probability` is that of what was chosen."""

    on: bool
    probability: float


def choose(shares: Mapping[str, float], stratum: str, *, holdout: float, uniform: float) -> Chosen:
    """`shares` are the probabilities of critique, by stratum, as they were published last (`Services.critique`); where
    there are none yet, all calls but a share `holdout` are critiqued. `uniform` is drawn from [0, 1)."""
    share = shares.get(stratum, shares.get(DEFAULT, 1 - holdout))
    on = uniform < share
    return Chosen(on, share if on else 1 - share)
