"""Scores as the terminal shows them."""

from typing import Any, Final

from rich.text import Text

from burnish.commands.wording import clock, one_line, timestamp
from records.score import CORRECTION, GOLD, PREFERENCE, RATING, THUMBS, Score

_SHORT: Final = 8


def said(score: Score, length: int, *, about: str | None = None) -> Text:
    """What it says of a run, its subject unless another of the pair is meant, and why, on one line."""
    line = Text(one_line(score.evaluator, 32), "bold").append_text(_verdict(score, about or score.subject))
    if score.rationale:
        line.append(f"  {one_line(score.rationale, length)}", "not bold italic")
    return line


def line_of(score: Score, about: str) -> Text:
    """It whole on a line: what it says of a run, by whom, when."""
    rater = f" {one_line(score.rater[:_SHORT], _SHORT)}" if score.rater else ""
    return Text.assemble(said(score, 200, about=about), (f"  {score.source}{rater}, {clock(score.created_ns)}", "dim"))


def document(score: Score) -> dict[str, Any]:
    """What `--json` says of a score."""
    return {
        "id": score.id,
        "time": timestamp(score.created_ns),
        "tenant": score.tenant,
        "agent": score.agent,
        "kind": score.kind,
        "subject": score.subject,
        "against": score.against,
        "evaluator": score.evaluator,
        "version": score.version,
        "source": score.source,
        "rater": score.rater,
        "value": score.value,
        "failure": score.failure,
        "rationale": score.rationale,
        "inclusion": score.inclusion,
        "details": score.details,
        "config_hash": score.config_hash,
    }


def _verdict(score: Score, about: str) -> Text:
    if score.failure is not None:
        return Text(f" failed: {one_line(score.failure, 80)}", "not bold red")
    match score.evaluator, score.value:
        case str(name), float(value) if name in (THUMBS, GOLD):
            return Text(" up", "not bold green") if value > 0.5 else Text(" down", "not bold red")
        case str(name), float(value) if name == RATING:
            return Text(f" {value:g} of 5", "not bold")
        case str(name), _ if name == CORRECTION:
            return Text(f" {one_line(str(score.details.get('answer', '')), 60)}", "not bold")
        case str(name), _ if name == PREFERENCE:
            better, other = about == score.subject, score.against if about == score.subject else score.subject
            return Text(f" {'over' if better else 'of another over it:'} {(other or '')[:_SHORT]}", "not bold")
        case _, None:
            return Text()
    return Text(f" {score.value:.4g}", "not bold")
