"""What tells calls apart before they are answered: a small vector of features, each about between 0 and 1."""

import math
from typing import Final, Literal, TypeAlias

Feature: TypeAlias = Literal["question_length", "tools", "turns", "parts"]

_LONG: Final = 5.0
"""log10 of characters: a hundred thousand are 1."""
_MANY_TOOLS: Final = 20.0
_MANY_TURNS: Final = 20.0


def feature(name: Feature, *, characters: int, tools: int, turns: int, parts: bool) -> float:
    """Of the last question: its characters, and whether it has images or files; and how much came with it."""
    match name:
        case "question_length":
            return math.log10(1 + characters) / _LONG
        case "tools":
            return min(1.0, tools / _MANY_TOOLS)
        case "turns":
            return min(1.0, turns / _MANY_TURNS)
        case "parts":
            return float(parts)
