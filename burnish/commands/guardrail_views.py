"""Rules of guardrails as the terminal and `--json` show them: what they look for, what they found, how rightly."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from burnish.commands.columns import print_columns
from burnish.commands.wording import clock, count, one_line, timestamp
from policies.guardrails.rule import INPUT, OUTPUT, Mode, Place, Rule
from policies.tools.reliability import share
from records.guard import GuardPolicy
from stores.incidents import Tally

_NONE: Final = Tally(0, 0, 0, 0)
_MODES: Final[Mapping[Mode, str]] = {"enforce": "green", "shadow": "yellow"}


class InForce(NamedTuple):
    """A rule at work for an agent, and where it is from: the `configuration`, `built in` or `learned`. `action` is for
    people: it may differ by place."""

    rule: Rule
    origin: str
    mode: Mode
    action: str
    places: tuple[Place, ...]
    incident: str = ""


class Shown(NamedTuple):
    """All the rules of one agent. `version` is that of the learned ones, 0 where none is in force."""

    agent: str
    version: int
    rules: Sequence[InForce]
    tallies: Mapping[str, Tally]


def print_rules(shown: Shown, console: Console, *, everything: bool) -> None:
    """Those learned, those of the owner's own and those that found anything; with `everything` all."""
    console.print(Text(f"learned rules: version {shown.version}" if shown.version else "no learned rule is in force"))
    rows, quiet = [], 0
    for each in shown.rules:
        tally = shown.tallies.get(each.rule.id, _NONE)
        if everything or each.origin != "built in" or tally.hits:
            rows.append(_row(each, tally))
        else:
            quiet += 1
    known = {each.rule.id for each in shown.rules}
    rows += [_gone(name, shown.tallies[name]) for name in sorted(set(shown.tallies) - known)]
    if rows:
        console.print()
        print_columns(rows, console, right=_RIGHT)
    if quiet:
        console.print(Text(f"{quiet} built-in rules have found nothing; --all lists them", "dim"))


def document(shown: Shown) -> dict[str, Any]:
    known = {each.rule.id for each in shown.rules}
    return {
        "agent": shown.agent,
        "version": shown.version,
        "rules": [_told(each, shown.tallies.get(each.rule.id, _NONE)) for each in shown.rules],
        "others": {name: _counted(tally) for name, tally in sorted(shown.tallies.items()) if name not in known},
    }


def print_versions(policies: Sequence[GuardPolicy | str], live: int, console: Console) -> None:
    """A line for each version, newest first; of one that cannot be read, why."""
    if not policies:
        console.print("No rules were learned yet.")
        return
    for policy in policies:
        if isinstance(policy, str):
            console.print(Text(policy, "red"), soft_wrap=True)
            continue
        mark = Text(" live", "green") if policy.version == live else Text()
        line = Text.assemble((f"{policy.version:>4}", "bold"), mark, "  ", (clock(policy.created_ns), "dim"))
        line.append(f"  {len(policy.rules)} rules, by {one_line(policy.actor, 24)}: {one_line(policy.reason, 80)}")
        console.print(line, soft_wrap=True)


def version_document(policy: GuardPolicy, live: int) -> dict[str, Any]:
    return {
        "version": policy.version,
        "parent": policy.parent,
        "live": policy.version == live,
        "rules": [each.rule.id for each in policy.rules],
        "actor": policy.actor,
        "reason": policy.reason,
        "time": timestamp(policy.created_ns),
    }


_RIGHT: Final = frozenset({"runs", "open", "right", "wrong", "precision"})


def _row(each: InForce, tally: Tally) -> dict[str, Text]:
    return {
        "rule": Text(one_line(each.rule.id, 40), "bold"),
        "from": Text(each.origin),
        "mode": Text(each.mode, _MODES[each.mode]),
        "action": Text(each.action),
        "places": Text(_places(each.places)),
        **_cells(tally),
        "finds": Text(one_line(each.rule.reason, 60)),
    }


def _gone(name: str, tally: Tally) -> dict[str, Text]:
    cells = {"rule": Text(one_line(name, 40), "dim"), "from": Text("no longer", "dim")}
    return {**cells, "mode": Text(), "action": Text(), "places": Text(), **_cells(tally), "finds": Text()}


def _cells(tally: Tally) -> dict[str, Text]:
    told = ""
    if tally.confirmed + tally.dismissed:
        low, high = _interval(tally)
        told = f"{tally.confirmed / (tally.confirmed + tally.dismissed):.0%} ({low:.0%} to {high:.0%})"
    return {
        "runs": Text(count(tally.hits) if tally.hits else ""),
        "open": Text(count(tally.open) if tally.open else ""),
        "right": Text(count(tally.confirmed) if tally.confirmed else ""),
        "wrong": Text(count(tally.dismissed) if tally.dismissed else ""),
        "precision": Text(told),
    }


def _told(each: InForce, tally: Tally) -> dict[str, Any]:
    return {
        "id": each.rule.id,
        "rule_version": each.rule.version,
        "from": each.origin,
        "incident": each.incident or None,
        "mode": each.mode,
        "action": each.action,
        "places": list(each.places),
        "reason": each.rule.reason,
        "patterns": list(each.rule.patterns),
        "words": list(each.rule.words),
        **_counted(tally),
    }


def _counted(tally: Tally) -> dict[str, Any]:
    decided = tally.confirmed + tally.dismissed
    return {
        "runs": tally.hits,
        "open": tally.open,
        "confirmed": tally.confirmed,
        "dismissed": tally.dismissed,
        "precision": tally.confirmed / decided if decided else None,
        "interval": list(_interval(tally)) if decided else None,
    }


def _interval(tally: Tally) -> tuple[float, float]:
    """Where the share of incidents that were real lies, at 95 %."""
    return share(tally.confirmed, tally.confirmed + tally.dismissed)


def _places(places: tuple[Place, ...]) -> str:
    for name, all_of in (("everywhere", (*INPUT, *OUTPUT)), ("input", INPUT), ("output", OUTPUT)):
        if set(places) == set(all_of):
            return name
    return ", ".join(place.replace("_", " ") for place in places)
