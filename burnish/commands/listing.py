"""Runs as lists show them: a table for people, documents for programs, and what the record lacks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from burnish.commands.wording import clock, count, duration, money, one_line, size, timestamp
from stores.gaps import Gap, gaps_in
from stores.runs import RunSummary
from stores.segments import segment_names

_FIRST_TO_GO = ("session", "variant", "agent", "model")
"""What a narrow terminal does without."""

_RIGHT = frozenset({"tokens", "cost", "took"})
_SHORT = 8
_STYLES = {"ok": "green", "error": "bold red", "cancelled": "yellow"}


def document(run: RunSummary) -> dict[str, Any]:
    """What `--json` says of a run; the question and the answer are cut as in a list."""
    return {
        "id": run.id,
        "trace_id": run.trace_id,
        "time": timestamp(run.started_ns),
        "duration_ms": (run.ended_ns - run.started_ns) / 1e6,
        "tenant": run.tenant,
        "agent": run.agent,
        "session": run.session,
        "session_source": run.session_source,
        "user": run.user,
        "variant": run.variant,
        "propensity": run.propensity,
        "provider": run.provider,
        "model": run.model,
        "status": run.status,
        "outcome": run.outcome,
        "streamed": run.streamed,
        "source": run.source,
        "turn": run.turn,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "cost_usd": run.cost_usd,
        "config_hash": run.config_hash,
        "question": run.question,
        "answer": run.answer,
    }


def table(runs: Sequence[RunSummary], total: int, console: Console) -> None:
    """Two lines a run: its figures, and under them the beginning of the question."""
    if not runs:
        console.print("No runs.")
        return
    short = _short_ids([run.id for run in runs])
    rows = [_cells(run, short[run.id]) for run in runs]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    if console.is_terminal:
        for name in _FIRST_TO_GO:
            if sum(widths.values()) + 2 * (len(widths) - 1) > console.width:
                del widths[name]
    console.print(_line({name: name for name in widths}, widths, dict.fromkeys(widths, "dim")), soft_wrap=True)
    for run, row in zip(runs, rows, strict=True):
        styles = {"run": "bold cyan", "session": "dim", "status": _STYLES.get(run.outcome, "")}
        console.print(_line(row, widths, styles), soft_wrap=True)
        if question := one_line(run.question, max(console.width - 2, 20)):
            console.print(Text(f"  {question}", "dim italic"), soft_wrap=True)
    if total > len(runs):
        console.print(Text(f"{len(runs)} of {total} runs; --limit shows more", "dim"))


def footnotes(journal: Path | None, cursors: Mapping[str, int]) -> None:
    """What the list cannot show: calls that were never recorded, and those not yet in the store."""
    if journal is None:
        return
    console = Console(stderr=True, highlight=False)
    for gap in gaps_in(journal):
        console.print(Text(_told(gap), "yellow"), soft_wrap=True)
    if behind := lag(journal, cursors):
        console.print(Text(f"{size(behind)} of the journal are not in the store yet", "yellow"), soft_wrap=True)


def lag(journal: Path, cursors: Mapping[str, int]) -> int:
    """Bytes in the journal behind the cursors."""
    behind = 0
    for name in segment_names(journal):
        try:
            behind += max(0, (journal / name).stat().st_size - cursors.get(name, 0))
        except FileNotFoundError:
            # Removed since it was listed, which only happens to segments that were read whole.
            continue
    return behind


def _told(gap: Gap) -> str:
    calls = "1 call was" if gap.calls == 1 else f"{gap.calls} calls were"
    return f"{calls} served but not recorded between {clock(gap.since_ns)} and {clock(gap.until_ns)}: {gap.reason}"


def _short_ids(ids: Sequence[str]) -> dict[str, str]:
    length = _SHORT
    while len({run_id[:length] for run_id in ids}) < len(set(ids)):
        length += 1
    return {run_id: run_id[:length] for run_id in ids}


def _cells(run: RunSummary, short: str) -> dict[str, str]:
    tokens = "" if run.input_tokens is None else f"{count(run.input_tokens)}→{count(run.output_tokens or 0)}"
    # A stream that broke or was left began with 200.
    status = run.outcome if run.outcome != "ok" and run.status < 400 else str(run.status)
    return {
        "run": short,
        "time": clock(run.started_ns)[5:],
        "agent": one_line(run.agent, 16),
        "session": one_line(run.session or "", _SHORT + 1),
        "variant": one_line(run.variant, 14),
        "model": one_line(run.model or "", 18),
        "status": status,
        "tokens": tokens,
        "cost": money(run.cost_usd),
        "took": duration(run.ended_ns - run.started_ns),
    }


def _line(cells: Mapping[str, str], widths: Mapping[str, int], styles: Mapping[str, str]) -> Text:
    line = Text()
    for name, width in widths.items():
        padded = cells[name].rjust(width) if name in _RIGHT else cells[name].ljust(width)
        line.append("  " if line else "").append(padded, styles.get(name, ""))
    return line
