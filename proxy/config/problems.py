"""What is wrong with a configuration: every problem by file, line and key, with the remedy."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Where = tuple[str | int, ...]
"""The way to a value from the top of the file: keys and list positions."""


@dataclass(frozen=True)
class Problem:
    """One thing to mend. Messages never hold a secret."""

    where: Where
    message: str
    line: int | None = None

    def render(self, file: str) -> str:
        """One line: `config/burnish.yaml:12: agents.support.mode: …`."""
        place = file if self.line is None else f"{file}:{self.line}"
        return ": ".join(part for part in (place, dotted(self.where), self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every reason found, in file order."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """The problems as people read them, one line each."""
        return [problem.render(self.file) for problem in self.problems]


def dotted(where: Where) -> str:
    """`agents.support.middleware[1].top_k`; keys that are not plain words stand in brackets."""
    text = ""
    for part in where:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            text += f".{part}" if text else part
        else:
            text += f"[{shown(part)}]"
    return text


def value_at(data: Any, where: Where) -> Any:
    """What `data` has there, or None."""
    for part in where:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return None
    return data


def shown(value: object) -> str:
    """A value as it appears in a message: one short line, without what looks like a credential."""
    text = re.sub(r"//[^/@]*@", "//***@", repr(value))
    text = re.sub(r"\b((?:sk|pk|bn|key)[-_])[\w-]{8,}", r"\1***", text)
    return text if len(text) <= 80 else text[:77] + "..."


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'top_k'?` for the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
