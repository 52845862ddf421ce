"""Insights for tests: by hand, and whatever hypothesis can think of."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from records.insight import TRUSTS, Insight, insight_id
from tests.support.runs import NOON, a_run


def an_insight(number: int = 1, **changes: Any) -> Insight:
    """The answer of a run of `a_run`, so many seconds after noon; the keywords are fields of `Insight`."""
    at = NOON + number * 1_000_000_000
    insight = Insight(
        id="",
        tenant="default",
        agent="support",
        question=f"How do I reset password number {number}?",
        text="Open the settings.",
        runs=(a_run(number).id,),
        trust="human",
        score=0.9,
        low=0.6,
        created_ns=at,
        changed_ns=at,
    )
    insight = msgspec.structs.replace(insight, **changes)
    named = insight_id(insight.tenant, insight.agent, insight.kind, insight.question, insight.text)
    return msgspec.structs.replace(insight, id=changes.get("id", named))


_TIMES = st.integers(0, 2**64 - 1)


def insights() -> st.SearchStrategy[Insight]:
    """Any insight there may be, but for the runs it came of."""
    return st.builds(
        Insight,
        id=st.text(min_size=1),
        tenant=st.text(),
        agent=st.text(),
        question=st.text(),
        text=st.text(),
        runs=st.just(()),
        origin=st.sampled_from(["run", "correction"]),
        writer=st.text(),
        trust=st.sampled_from(TRUSTS),
        score=st.floats(0, 1),
        low=st.floats(0, 1),
        votes=_TIMES,
        variant=st.text(),
        model=st.none() | st.text(),
        instructions=st.text(),
        tools=st.lists(st.text(), max_size=2).map(tuple),
        state=st.sampled_from(["waiting", "admitted", "quarantined", "retired"]),
        reason=st.text(),
        created_ns=_TIMES,
        changed_ns=_TIMES,
        expires_ns=st.none() | _TIMES,
        config_hash=st.text(),
    )
