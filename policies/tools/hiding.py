"""Which tools not to offer for a call: those that fail and that another tool can stand in for.

Where trials may go, a share `probe` of the calls is offered the tool all the same: that is how it comes back.
"""

from collections.abc import Collection, Mapping, Sequence
from random import Random

import msgspec


class Withheld(msgspec.Struct, frozen=True):
    """A tool that may not be offered: whether it is, and the probability with which it is."""

    tool: str
    offered: bool
    probability: float


def withheld(
    until: Mapping[str, int],
    offered: Sequence[str],
    *,
    chosen: Collection[str],
    substitutes: Mapping[str, Sequence[str]],
    probe: float,
    now_ns: int,
    random: Random,
) -> list[Withheld]:
    """`until`: by the name of each failing tool, when trials of it may go.

    A tool that the call's `chosen` names stays, as does one without a substitute that works and is offered too. So one
    is always left.
    """
    found = []
    for tool in dict.fromkeys(offered):
        if tool not in until or tool in chosen:
            continue
        if not any(other in offered and other not in until and other != tool for other in substitutes.get(tool, ())):
            continue
        probability = probe if now_ns >= until[tool] else 0.0
        found.append(Withheld(tool, random.random() < probability, probability))
    return found
