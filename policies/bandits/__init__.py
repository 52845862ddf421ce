"""Which share of the traffic each variant gets, learned from its rewards.

`fold` turns rewards and outcomes into a `BanditState`; `publish` (in `policies.bandits.publish`) turns that into an
`Epoch`, a probability per variant; `describe` says what is believed of each arm. What stands here imports no numpy, so
that the hot path can read epochs.
"""

from policies.bandits.epoch import Epoch
from policies.bandits.fold import fold
from policies.bandits.guardrails import resume
from policies.bandits.settings import (
    BanditSettings,
    Change,
    Contextual,
    Fixed,
    Limits,
    Policy,
    Ramp,
    Thompson,
    TrackAndStop,
    Ucb,
    Weighted,
)
from policies.bandits.state import ArmState, BanditState, Outcome, Restart, Reward, Stop

__all__ = [
    "ArmState",
    "BanditSettings",
    "BanditState",
    "Change",
    "Contextual",
    "Epoch",
    "Fixed",
    "Limits",
    "Outcome",
    "Policy",
    "Ramp",
    "Restart",
    "Reward",
    "Stop",
    "Thompson",
    "TrackAndStop",
    "Ucb",
    "Weighted",
    "fold",
    "resume",
]
