"""Any run that could be, as a hypothesis strategy: with all that a trace has a place for."""

from hypothesis import strategies as st

from records import Attempt, Fact, Run, SideCall, Step, ToolEvent, Usage

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_hex32 = st.text("0123456789abcdef", min_size=32, max_size=32)
_ns = st.integers(1, 2**62)
_count = st.integers(0, 2**62)


def _steps(finite: bool) -> st.SearchStrategy[Step]:
    value = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=not finite)
        | _text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
        max_leaves=5,
    )
    named = _text | st.sampled_from(["answers_shown", "retrieval", "guard_verdicts", "guard"])
    facts = st.builds(Fact, named, st.dictionaries(_text, value, max_size=3), st.integers(1, 9))
    return st.builds(Step, _text, _ns, _ns, st.lists(facts, max_size=4).map(tuple), st.none() | _text)


_tools = st.builds(ToolEvent, call_id=_text, name=_text, arguments=_text, result=_text, outcome=_text) | st.builds(
    ToolEvent,
    call_id=_text,
    name=_text,
    arguments=_text,
    result=_text,
    started_ns=_ns,
    ended_ns=_ns,
    asked_by=_hex32,
    asked_trace=st.none() | _hex32,
)
_asides = st.builds(
    SideCall,
    step=_text,
    provider=_text,
    model=_text,
    started_ns=_ns,
    ended_ns=_ns,
    usage=st.none() | st.builds(Usage, _count, _count, _count, _count),
    cost_usd=st.none() | st.floats(0, allow_infinity=False),
    status=st.none() | st.integers(100, 599),
    error=st.none() | _text,
)
_attempts = st.builds(
    Attempt,
    provider=_text,
    model=_text,
    started_ns=_ns,
    ended_ns=_ns,
    status=st.none() | st.integers(100, 599),
    request_id=st.none() | _text,
    error=st.none() | _text,
)


def runs(*, finite: bool = False) -> st.SearchStrategy[Run]:
    """Any run that a call could leave; `finite` without numbers that are not."""
    return st.builds(
        Run,
        id=_hex32,
        trace_id=_hex32,
        parent_span_id=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
        tenant=_text,
        agent=_text,
        config_hash=_text,
        route=_text,
        operation=st.sampled_from(["chat", "embeddings", "text_completion", "forward"]),
        source=st.sampled_from(["live", "replay", "shadow", "synthetic"]),
        turn=st.sampled_from(["main", "aux"]),
        session=st.none() | _text,
        session_source=st.sampled_from(["header", "vendor", "body", "derived", "none"]),
        user=st.none() | _text,
        started_ns=_ns,
        first_chunk_ns=st.none() | _ns,
        ended_ns=_ns,
        chat_started_ns=_ns,
        chat_ended_ns=_ns,
        status=st.integers(100, 599),
        outcome=st.sampled_from(["ok", "error", "cancelled"]),
        error=st.none() | _text,
        streamed=st.booleans(),
        variant=_text,
        provider=st.none() | _text,
        model_requested=st.none() | _text,
        model=st.none() | _text,
        model_answered=st.none() | _text,
        response_id=st.none() | _text,
        finish_reasons=st.lists(_text, max_size=3).map(tuple),
        usage=st.none() | st.builds(Usage, _count, _count, _count, _count),
        cost_usd=st.none() | st.floats(0, allow_infinity=False),
        request=st.none() | _text,
        sent=st.none() | _text,
        answer=st.none() | _text,
        steps=st.lists(_steps(finite), max_size=3).map(tuple),
        tools=st.lists(_tools, max_size=3).map(tuple),
        attempts=st.lists(_attempts, max_size=3).map(tuple),
        asides=st.lists(_asides, max_size=2).map(tuple),
    )
