"""Variants, scores and decisions for tests: by hand, and whatever hypothesis can think of."""

import random
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from records.decision import Decision, DecisionKind
from records.score import Score, Subject, score_id
from records.variant import Bullet, Changes, Variant, variant_id
from tests.support.runs import NOON, a_run


def a_variant(name: str = "terse", *, agent: str = "support", **changes: Any) -> Variant:
    """One that adds a line of its own; the keywords are fields of `Variant`."""
    given: Changes = changes.pop("changes", Changes(instructions=(Bullet(text=f"Be {name}."),)))
    variant = Variant(
        id=variant_id(agent, given), tenant="default", agent=agent, name=name, changes=given, created_ns=NOON
    )
    return msgspec.structs.replace(variant, **changes)


def a_score(run: int | str = 1, value: float | None = 1.0, *, rater: str = "ada", **changes: Any) -> Score:
    """A thumb for a run of `a_run`, so many seconds after noon."""
    subject = a_run(run).id if isinstance(run, int) else run
    score = Score(
        id="",
        tenant="default",
        agent="support",
        subject=subject,
        evaluator="thumbs",
        source="human",
        rater=rater,
        value=value,
        created_ns=NOON + (run if isinstance(run, int) else 0) * 1_000_000_000,
    )
    score = msgspec.structs.replace(score, **changes)
    named = score_id(score.agent, score.kind, score.subject, score.against, score.evaluator, score.rater)
    return msgspec.structs.replace(score, id=changes.get("id", named))


def a_decision(number: int = 1, **changes: Any) -> Decision:
    decision = Decision(
        id=f"{random.Random(f'decision {number}').getrandbits(128):032x}",
        tenant="default",
        agent="support",
        kind="state",
        text="Because it is better.",
        actor="ada",
        created_ns=NOON + number * 1_000_000_000,
    )
    return msgspec.structs.replace(decision, **changes)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.text(), _JSON, max_size=3)
_TIMES = st.integers(0, 2**64 - 1)


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Any score there may be."""
    subject, against = draw(st.lists(st.text(), min_size=2, max_size=2, unique=True))
    kinds: tuple[Subject, ...] = ("run", "case", "pair")
    kind = draw(st.sampled_from(kinds))
    return Score(
        id=draw(st.text()),
        tenant=draw(st.text()),
        agent=draw(st.text()),
        kind=kind,
        subject=subject,
        against=against if kind == "pair" else None,
        evaluator=draw(st.text()),
        version=draw(st.text()),
        source=draw(st.sampled_from(["code", "judge", "human", "implicit"])),
        rater=draw(st.text()),
        value=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
        failure=draw(st.none() | st.text()),
        rationale=draw(st.none() | st.text()),
        inclusion=draw(st.floats(0, 1, exclude_min=True)),
        details=draw(_OBJECTS),
        created_ns=draw(_TIMES),
        config_hash=draw(st.text()),
    )


def variants() -> st.SearchStrategy[Variant]:
    """Any variant there may be."""
    bullets = st.builds(Bullet, text=st.text(), origin=st.text(), helpful=_TIMES, harmful=_TIMES)
    changes = st.builds(
        Changes,
        instructions=st.lists(bullets, max_size=3).map(tuple),
        model=st.none() | st.text(),
        sampling=_OBJECTS,
        tools=st.dictionaries(st.text(), st.text(), max_size=3),
        steps=st.dictionaries(st.text(), _OBJECTS, max_size=3),
    )
    return st.builds(
        Variant,
        id=st.text(),
        tenant=st.text(),
        agent=st.text(),
        name=st.text(),
        changes=changes,
        parents=st.lists(st.text(), max_size=3).map(tuple),
        origin=st.text(),
        note=st.text(),
        state=st.sampled_from(["draft", "candidate", "canary", "live", "retired", "rejected"]),
        created_ns=_TIMES,
        config_hash=st.text(),
    )


def decisions() -> st.SearchStrategy[Decision]:
    """Any decision there may be."""
    return st.builds(
        Decision,
        id=st.text(),
        tenant=st.text(),
        agent=st.text(),
        kind=st.sampled_from(get_args(DecisionKind)),
        subject=st.text(),
        text=st.text(),
        evidence=_OBJECTS,
        alpha=st.floats(0, 1),
        actor=st.text(),
        created_ns=_TIMES,
        config_hash=st.text(),
    )
