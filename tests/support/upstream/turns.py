"""The turns of a conversation and the tools on offer: what every API's request comes down to."""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class OfferedTool:
    name: str
    schema: dict[str, Any]
    custom: bool = False


@dataclass(frozen=True)
class Said:
    role: str
    text: str


@dataclass(frozen=True)
class Called:
    """A call that the model made."""

    id: str
    name: str


@dataclass(frozen=True)
class Told:
    """What a tool answered to the call of this id."""

    id: str
    text: str


Turn: TypeAlias = Said | Called | Told
