"""How much a model is to think, in the words of the Messages API: what each model takes is told by `models`.

Source: https://platform.claude.com/docs/en/build-with-claude/thinking.
"""

from typing import Any, Final

from proxy.wire.convert.conversation import Conversation, Item, Reasoning, ToolCall
from proxy.wire.convert.requests import models
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.requests.turns import by_model

_LEAST: Final = 1024
"""Tokens of a budget: there is no smaller one."""


def write_thinking(talk: Conversation, body: dict[str, Any], model: models.Claude, losses: Losses) -> None:
    effort = talk.effort
    if effort is None:
        return
    if effort.level is None:
        _note_shown(talk, losses)
        return
    if effort.level == "none":
        body["thinking"] = {"type": "disabled"}
        _note_shown(talk, losses)
        return
    path = talk.called("effort")
    if model.adaptive:
        level = _level(effort.level, model)
        if level != effort.level:
            losses.note(path, f"the model has no level {effort.level[:64]!r}; {level} is the nearest")
        body.setdefault("output_config", {})["effort"] = level
    if (why := _why_not(talk, body, model)) is not None:
        losses.note(path, why)
        _note_shown(talk, losses)
        return
    body["thinking"] = _thinking(effort.level, body["max_tokens"], model)
    if effort.shown is not None:
        body["thinking"]["display"] = "summarized"
        if effort.shown != "auto":
            losses.note(talk.called("shown"), "the Messages API has one kind of summary")


def _level(level: str, model: models.Claude) -> str:
    if level == "minimal":
        return "low"
    return "high" if level == "xhigh" and not model.extra_high else level


def _thinking(level: str, limit: int, model: models.Claude) -> dict[str, Any]:
    if model.adaptive:
        return {"type": "adaptive"}
    # The budget is part of the limit, and the answer needs some of it too.
    budget = min(models.budget_of(level), max(_LEAST, limit // 2))
    return {"type": "enabled", "budget_tokens": budget}


def _why_not(talk: Conversation, body: dict[str, Any], model: models.Claude) -> str | None:
    """What keeps the model from thinking at all in this call."""
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        return "the Messages API does not let a model think that is made to call a tool"
    if model.adaptive:
        return None
    if body["max_tokens"] <= _LEAST:
        return f"the model needs more than {_LEAST} tokens to think, and the limit is lower"
    if _called_without_its_thoughts(list(talk.items)):
        return "the model called a tool, and what it thought before cannot be told again"
    return None


def _called_without_its_thoughts(items: list[Item]) -> bool:
    """Whether the model's last turn called tools and does not begin with reasoning of its own."""
    turn: list[Item] = []
    for item in reversed(items):
        if by_model(item):
            turn.append(item)
        elif turn:
            break
    if not any(isinstance(item, ToolCall) for item in turn):
        return False
    first = turn[-1]
    return not (isinstance(first, Reasoning) and first.seal is not None and first.seal.dialect == "anthropic")


def _note_shown(talk: Conversation, losses: Losses) -> None:
    if talk.effort is not None and talk.effort.shown is not None:
        losses.note(talk.called("shown"), "there is no reasoning to tell of")
