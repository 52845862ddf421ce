"""What a model takes, where its API leaves that to the model: told by its name.

Sources: https://platform.claude.com/docs/en/build-with-claude/thinking, .../effort and
.../mid-conversation-system-messages, https://platform.claude.com/docs/en/about-claude/models/overview;
https://platform.openai.com/docs/guides/reasoning.
"""

import re
from dataclasses import dataclass
from typing import Final

_CLAUDE: Final = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d)(?!\d))?")
_PREVIEW: Final = "claude-mythos-preview"
_REASONS: Final = re.compile(r"(?:^|[/.])(?:o\d|gpt-[5-9])")
_ANSWERS_AT_ONCE: Final = re.compile(r"(?:^|[/.])(?:chatgpt-|gpt-[34])")
_ALWAYS_REASONS: Final = re.compile(r"(?:^|[/.])(?:o\d|gpt-5(?![.\d]))")
_NEAREST: Final = {"minimal": "low", "xhigh": "high", "max": "high"}
"""For open models: three levels, or none, are what all have that have any."""
_BUDGETS: Final = {"minimal": 1024, "low": 4096, "medium": 16_384, "high": 32_768, "xhigh": 49_152, "max": 65_536}
"""Tokens of thought that a level stands for, where a model takes only a budget; 1,024 is the least it may be."""


@dataclass(frozen=True, slots=True)
class Claude:
    """What a model behind the Messages API takes. Other makers' models follow the API as it was before 2026."""

    longest: int
    """The most tokens it answers with."""
    adaptive: bool
    """It decides itself how much it thinks, and takes no budget."""
    extra_high: bool
    """It has the level of effort above high."""
    sampling: bool
    """It takes temperature, top_p and top_k."""
    combines: bool
    """It takes temperature and top_p at once."""
    late_instructions: bool
    """It takes system messages in the middle of a conversation."""


_OTHER: Final = Claude(
    longest=8192, adaptive=False, extra_high=False, sampling=True, combines=True, late_instructions=False
)
_MYTHOS: Final = Claude(
    longest=128_000, adaptive=True, extra_high=True, sampling=False, combines=False, late_instructions=False
)


def claude(model: str) -> Claude:
    if _PREVIEW in model:
        return _MYTHOS
    found = _CLAUDE.search(model)
    if found is None:
        return _OTHER
    version = int(found[1]), int(found[2] or 0)
    return Claude(
        longest=_longest(version),
        adaptive=version >= (4, 6),
        extra_high=version >= (4, 7),
        sampling=version < (4, 7),
        combines=version < (4, 1),
        late_instructions=version >= (4, 8),
    )


def _longest(version: tuple[int, int]) -> int:
    if version >= (4, 6):
        return 128_000
    if version >= (4, 5):
        return 64_000
    if version >= (4, 0):
        return 32_000
    return 8192 if version >= (3, 5) else 4096


def counts_reasoning(model: str) -> bool:
    """Whether it is one of OpenAI's models whose limit is `max_completion_tokens`: they refuse `max_tokens`."""
    return _REASONS.search(model) is not None


def fitting_level(level: str, model: str, *, open_models: bool) -> str | None:
    """The level of effort nearest to `level` that a model behind an OpenAI API takes; None where it takes none.

    `open_models`: a name that is not one of OpenAI's is that of an open model.
    """
    if _ANSWERS_AT_ONCE.search(model) is not None:
        return None
    if _ALWAYS_REASONS.search(model) is not None:
        return "low" if level == "none" else level
    return _NEAREST.get(level, level) if open_models and not counts_reasoning(model) else level


def budget_of(level: str) -> int:
    return _BUDGETS.get(level, _BUDGETS["medium"])


def level_of(budget: int) -> str:
    """One of the three levels that every model has which has any."""
    return next((level for level in ("low", "medium") if budget <= _BUDGETS[level]), "high")
