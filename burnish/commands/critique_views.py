"""What is known of critique as the terminal and `--json` show it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from burnish.commands.wording import clock, count, duration, money, one_line, timestamp
from policies.arms import difference
from policies.critique.rates import Rate, rates
from policies.critique.why import reason
from policies.critique.worth import CritiqueState, StratumState
from records.decision import Decision

_NS: Final = 10**9


class Shown(NamedTuple):
    """`shares` are the probabilities with which it is given now, by stratum; None where it is not given at all.
    `decided` is what was decided last of each stratum."""

    critique: CritiqueState
    shares: Mapping[str, float] | None
    decided: Mapping[str, Decision]
    now_ns: int


def print_critique(shown: Shown, console: Console) -> None:
    """For each stratum why it is on or off, the critic's rates, what it adds by either evidence, and what it costs."""
    for place, (name, stratum) in enumerate(_ordered(shown)):
        if place:
            console.print()
        console.print(_heading(name, stratum, shown), soft_wrap=True)
        for label, words in _lines(name, stratum, shown):
            console.print(Text.assemble((f"{label:>8} ", "dim"), words), soft_wrap=True)


def document(shown: Shown) -> dict[str, Any]:
    """Rates and what follows from them are null where no answer was judged; intervals are at 95 %."""
    return {
        "time": timestamp(shown.now_ns),
        "strata": {name: _told(name, stratum, shown) for name, stratum in _ordered(shown)},
    }


def _ordered(shown: Shown) -> list[tuple[str, StratumState]]:
    return sorted(shown.critique.strata.items(), key=lambda each: (-each[1].calls, each[0]))


def _heading(name: str, stratum: StratumState, shown: Shown) -> Text:
    heading = Text.assemble((one_line(name, 60) or "all other calls", "bold"), "  ")
    if shown.shares is None:
        return heading.append("not given", "yellow")
    heading.append("on" if stratum.on else "off", "green" if stratum.on else "red")
    decided = shown.decided.get(name)
    since = f" since {clock(decided.created_ns)}" if decided is not None else ""
    return heading.append(f"{since}, given to {shown.shares[name]:.0%} of the answers predicted low", "dim")


def _lines(name: str, stratum: StratumState, shown: Shown) -> list[tuple[str, str]]:
    decided = shown.decided.get(name)
    tally, calls = stratum.tally, max(1, stratum.calls)
    found = [("why", one_line(decided.text, 400) if decided is not None else f"it starts on; {reason(stratum)}")]
    if tally.right + tally.wrong:
        known = rates(tally)
        found += [
            ("right", f"{_rate(known.right)} before critique, of {tally.right + tally.wrong:.0f} that were judged"),
            ("TPR", f"{_rate(known.tpr)} of wrong answers are flagged"),
            ("FPR", f"{_rate(known.fpr)} of right answers are flagged"),
            ("fix", f"{_rate(known.fix)} of flagged wrong answers are made right"),
            ("break", f"{_rate(known.breaks)} of flagged right answers are made wrong"),
            ("gain", f"{_signed(known.gain)} by both versions: (1 - p) TPR fix - p FPR break"),
        ]
    arms = f"{stratum.critiqued.calls:,} critiqued calls, {stratum.spared.calls:,} that chance spared"
    uplift = difference(stratum.critiqued, stratum.spared)
    found.append(
        ("uplift", f"{_signed(Rate(*uplift))} by rewards: {arms}" if uplift else f"not known yet by rewards: {arms}")
    )
    spent = f"{money(stratum.cost_usd / calls)}, " if stratum.cost_usd else ""
    found.append(
        (
            "costs",
            f"{spent}{count(round(stratum.tokens / calls))} tokens and {duration(int(stratum.seconds / calls * _NS))} "
            f"a critiqued call; of {stratum.calls:,} critiqued {stratum.revised:,} were revised, and "
            f"{stratum.accepted:,} revisions accepted",
        )
    )
    return found


def _told(name: str, stratum: StratumState, shown: Shown) -> dict[str, Any]:
    decided, tally = shown.decided.get(name), stratum.tally
    known = rates(tally) if tally.right + tally.wrong else None
    uplift = difference(stratum.critiqued, stratum.spared)
    calls = max(1, stratum.calls)
    return {
        "on": stratum.on,
        "share": None if shown.shares is None else shown.shares[name],
        "since": timestamp(decided.created_ns) if decided is not None else None,
        "why": decided.text if decided is not None else reason(stratum),
        "e_value": stratum.evidence,
        "judged": {"right": tally.right, "wrong": tally.wrong, "flagged": tally.flagged, "passed": tally.passed},
        **{field: None if known is None else getattr(known, field)._asdict() for field in _RATES},
        "uplift": {
            **({"value": None, "low": None, "high": None} if uplift is None else uplift._asdict()),
            "critiqued": stratum.critiqued.calls,
            "spared": stratum.spared.calls,
            "unrewarded": stratum.critiqued.unrewarded + stratum.spared.unrewarded,
        },
        "calls": {
            "critiqued": stratum.calls,
            "asked": stratum.asked,
            "spared": stratum.spared.calls + stratum.spared.unrewarded,
            "revised": stratum.revised,
            "accepted": stratum.accepted,
        },
        "costs": {
            "usd": stratum.cost_usd,
            "tokens": stratum.tokens,
            "seconds": stratum.seconds,
            "usd_per_call": stratum.cost_usd / calls,
            "tokens_per_call": stratum.tokens / calls,
            "seconds_per_call": stratum.seconds / calls,
        },
    }


_RATES: Final = ("right", "tpr", "fpr", "fix", "breaks", "gain")


def _rate(rate: Rate) -> str:
    return f"{rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%})"


def _signed(rate: Rate) -> str:
    return f"{rate.value:+.3f} ({rate.low:+.3f} to {rate.high:+.3f})"
