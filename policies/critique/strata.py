"""The kinds of calls for which critique is judged apart: few, so that each is soon known, and told from the request."""

from typing import Final, Literal, TypeAlias

Stratum: TypeAlias = Literal["structured", "tools", "question", "long question"]

_LONG: Final = 2_000
"""Characters."""


def stratum_of(*, structured: bool, tools: bool, characters: int) -> Stratum:
    """`structured`: the answer is to follow a schema; `tools`: some are offered; `characters` of the last question."""
    if structured:
        return "structured"
    if tools:
        return "tools"
    return "long question" if characters >= _LONG else "question"
