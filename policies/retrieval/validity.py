"""Which answers still hold for a call: not too old, and made under the model and the instructions it is made under."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final, Literal, Protocol, TypeAlias

Holds: TypeAlias = Literal["none", "corrections", "all"]
"""Which of the answers that were made under something else still hold: `corrections` are those a person wrote."""

_NUMBERS: Final = re.compile(r"\d+")


class Made(Protocol):
    """What is known of how an answer was made; `stores.answers.Answer` is one."""

    @property
    def origin(self) -> str: ...

    @property
    def model(self) -> str | None: ...

    @property
    def instructions(self) -> str: ...

    @property
    def expires_ns(self) -> int | None: ...


def instructions_digest(system: Iterable[str]) -> str:
    """16 hex digits for the texts of a call's system messages.

    Numbers are no part of it: agents tell the time there, and that is not another version of their instructions.
    """
    text = "\0".join(_NUMBERS.sub("0", each.strip()) for each in system)
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def holds(
    answer: Made,
    *,
    now_ns: int,
    model: str,
    instructions: str,
    other_model: Holds = "corrections",
    other_instructions: Holds = "corrections",
) -> bool:
    """Whether `answer` may be shown to a call made now under `model` and `instructions` (a digest).

    What is not known of an answer (no model, no digest) speaks against nothing.
    """
    if answer.expires_ns is not None and now_ns >= answer.expires_ns:
        return False
    corrected = answer.origin == "correction"
    if answer.model and answer.model != model and not _allowed(other_model, corrected):
        return False
    return not answer.instructions or answer.instructions == instructions or _allowed(other_instructions, corrected)


def _allowed(holds: Holds, corrected: bool) -> bool:
    return holds == "all" or (holds == "corrections" and corrected)
