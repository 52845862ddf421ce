"""Filters and pages of runs as SQL."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from stores.runs import Position, RunFilter
from stores.sql.row import clean
from stores.sql.tables import runs

SHOWN: Final = 400
"""Characters of the question and the answer that a list carries."""

_EQUAL: Final = {
    "tenant": runs.c.tenant,
    "agent": runs.c.agent,
    "session": runs.c.session,
    "user": runs.c.user_id,
    "variant": runs.c.variant,
    "model": runs.c.model,
    "outcome": runs.c.outcome,
    "source": runs.c.source,
    "turn": runs.c.turn,
}


def where(which: RunFilter) -> list[ColumnElement[bool]]:
    """The conditions that all hold; none for an empty filter."""
    columns = runs.c
    found = [column == clean(value) for field, column in _EQUAL.items() if (value := getattr(which, field)) is not None]
    if which.ids is not None:
        found.append(columns.id.in_(which.ids))
    if which.session_prefix:
        found.append(columns.session.startswith(clean(which.session_prefix), autoescape=True))
    if which.status is not None:
        found += (columns.status >= which.status.start, columns.status < which.status.stop)
    if which.since_ns is not None:
        found.append(columns.started_ns >= which.since_ns)
    if which.until_ns is not None:
        found.append(columns.started_ns < which.until_ns)
    if which.text:
        wanted = clean(which.text)
        found.append(
            or_(columns.question.icontains(wanted, autoescape=True), columns.answer.icontains(wanted, autoescape=True))
        )
    return found


def page(which: RunFilter, limit: int, after: Position | None) -> Select[Any]:
    """The summaries behind `after`, newest first, one column for each field of `RunSummary`."""
    columns = runs.c
    wanted = where(which)
    if after is not None:
        wanted.append(tuple_(columns.started_ns, columns.seq) < tuple_(*after))
    return (
        select(
            columns.seq,
            columns.id,
            columns.trace_id,
            columns.tenant,
            columns.agent,
            columns.config_hash,
            columns.source,
            columns.turn,
            columns.session,
            columns.session_source,
            columns.user_id.label("user"),
            columns.variant,
            columns.provider,
            columns.model,
            columns.status,
            columns.outcome,
            columns.streamed,
            columns.started_ns,
            columns.ended_ns,
            columns.input_tokens,
            columns.output_tokens,
            columns.cost_usd,
            columns.propensity,
            func.substr(columns.question, 1, SHOWN).label("question"),
            func.substr(columns.answer, 1, SHOWN).label("answer"),
        )
        .where(*wanted)
        .order_by(columns.started_ns.desc(), columns.seq.desc())
        .limit(limit)
    )
