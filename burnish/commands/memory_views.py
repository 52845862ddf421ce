"""What an agent remembers as the terminal shows it: in a table, or one answer whole."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.wording import clock, count, duration, one_line, printable, timestamp
from policies.retrieval import uplift
from policies.retrieval.uplift import Effect, ItemEffect, UpliftState
from records.insight import STATES, Insight, InsightState

_STYLES: Final[Mapping[InsightState, str]] = {
    "admitted": "green",
    "quarantined": "red",
    "waiting": "yellow",
    "retired": "dim",
}


class Told(NamedTuple):
    """What being shown answers does: all together, and each by its id."""

    overall: Effect
    items: Mapping[str, ItemEffect]


def told_by(state: UpliftState) -> Told:
    return Told(uplift.overall(state), {each.id: each for each in uplift.per_item(state)})


def standing(insights: Sequence[Insight]) -> list[Insight]:
    """Admitted ones first; of each state those that changed last."""
    return sorted(insights, key=lambda each: (STATES.index(each.state), -each.changed_ns))


def print_table(
    insights: Sequence[Insight],
    effects: Told,
    counts: Mapping[InsightState, int],
    console: Console,
    *,
    now_ns: int,
) -> None:
    """What being shown answers does to all calls, then a line for each answer."""
    if not counts:
        console.print("Nothing is remembered yet.")
        return
    told = Text()
    for state in STATES:
        if state in counts:
            told.append("  " if told else "").append(f"{count(counts[state])} {state}", _STYLES[state])
    console.print(told)
    console.print(Text(_sentence(effects.overall), "dim"), soft_wrap=True)
    if not insights:
        return
    console.print()
    print_columns([_row(insight, effects.items.get(insight.id), now_ns) for insight in insights], console, right=_RIGHT)


_RIGHT: Final = frozenset({"score", "at least", "votes", "shown", "age"})


def _row(insight: Insight, item: ItemEffect | None, now_ns: int) -> dict[str, Text]:
    return {
        "answer": Text(insight.short, "bold"),
        "state": Text(insight.state, _STYLES[insight.state]),
        "score": Text(f"{insight.score:.2f}"),
        "at least": Text(f"{insight.low:.2f}"),
        "trust": Text(insight.trust),
        "votes": Text(f"{insight.votes:,}"),
        "shown": Text(f"{item.effect.shown:,}" if item else ""),
        "uplift": Text(_interval(item.effect) if item else ""),
        "age": Text(duration(max(0, now_ns - insight.created_ns))),
        "question → answer": Text(f"{one_line(insight.question, 40)} → {one_line(insight.text, 40)}"),
    }


def print_insight(insight: Insight, effects: Told, console: Console) -> None:
    """All of one."""
    heading = Text.assemble((insight.short, "bold"), "  ", (insight.state, _STYLES[insight.state]))
    if insight.held:
        heading.append("  held", "dim")
    console.print(heading, soft_wrap=True)
    item = effects.items.get(insight.id)
    facts = [
        ("answer", insight.id),
        ("why", insight.reason),
        ("from", "a correction" if insight.origin == "correction" else "an answer of the agent's"),
        ("runs", " ".join(run[:8] for run in insight.runs)),
        ("trust", insight.trust),
        ("score", f"{insight.score:.2f}, at least {insight.low:.2f}, by {insight.votes:,}"),
        ("uplift", _shown(item.effect) if item else "it was shown to no call whose reward is in"),
        ("model", insight.model or ""),
        ("variant", insight.variant),
        ("tools", " ".join(insight.tools)),
        ("since", clock(insight.created_ns)),
        ("until", clock(insight.expires_ns) if insight.expires_ns is not None else ""),
    ]
    for name, value in facts:
        if value:
            console.print(Text.assemble((f"{name:>8} ", "dim"), one_line(value, 400)), soft_wrap=True)
    for name, text in (("Question", insight.question), ("Answer", insight.text)):
        console.print(Text(f"\n{name}", "bold"))
        console.print(Text(printable(text)), soft_wrap=True)


def overall(effects: Told) -> dict[str, Any]:
    """What `--json` says of all answers together."""
    return _told(effects.overall)


def document(insight: Insight, effects: Told) -> dict[str, Any]:
    """What `--json` says of one."""
    item = effects.items.get(insight.id)
    return {
        "id": insight.id,
        "state": insight.state,
        "reason": insight.reason,
        "held": insight.held,
        "origin": insight.origin,
        "question": insight.question,
        "answer": insight.text,
        "trust": insight.trust,
        "score": insight.score,
        "low": insight.low,
        "votes": insight.votes,
        "runs": list(insight.runs),
        "variant": insight.variant,
        "model": insight.model,
        "tools": list(insight.tools),
        "created": timestamp(insight.created_ns),
        "changed": timestamp(insight.changed_ns),
        "expires": None if insight.expires_ns is None else timestamp(insight.expires_ns),
        "uplift": None if item is None else {**_told(item.effect), "harm_e_value": item.evidence},
    }


def _told(effect: Effect) -> dict[str, Any]:
    return {
        "value": effect.value,
        "low": effect.low if math.isfinite(effect.low) else None,
        "high": effect.high if math.isfinite(effect.high) else None,
        "shown": effect.shown,
        "hidden": effect.hidden,
        "unrewarded": effect.unrewarded,
    }


def _sentence(effect: Effect) -> str:
    if effect.value is None:
        return (
            f"Whether it helps is not known yet: rewards are in of {effect.shown:,} calls that were shown answers "
            f"and of {effect.hidden:,} that were held out."
        )
    return f"Being shown answers changes the reward by {_shown(effect)}."


def _shown(effect: Effect) -> str:
    calls = f"{effect.shown:,} calls that were shown it, {effect.hidden:,} that were not"
    return f"{_interval(effect) or 'nobody knows yet how much'} ({calls})"


def _interval(effect: Effect) -> str:
    return "" if effect.value is None else f"{effect.value:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"
