"""Runs for tests: a plain one to change, and any that could be (a hypothesis strategy)."""

from typing import Any

from hypothesis import strategies as st

from records import Assignment, Attempt, Fact, Run, Step, ToolEvent, Usage

START_NS = 1_800_000_000_000_000_000
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_hex32 = st.text("0123456789abcdef", min_size=32, max_size=32)
_ns = st.integers(1, 2**62)
_count = st.integers(0, 2**62)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=5,
)
_facts = st.builds(Fact, _text, st.dictionaries(_text, _json, max_size=3), st.integers(1, 9))
_steps = st.builds(Step, _text, _ns, _ns, st.lists(_facts, max_size=4).map(tuple), st.none() | _text)
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


def runs() -> st.SearchStrategy[Run]:
    """Any run that a call could leave."""
    return st.builds(
        Run,
        id=_hex32,
        trace_id=_hex32,
        parent_span_id=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
        tenant=_text,
        agent=_text,
        config_hash=_text,
        route=_text,
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
        cost_usd=st.none() | st.floats(0, allow_nan=False),
        request=st.none() | _text,
        sent=st.none() | _text,
        answer=st.none() | _text,
        steps=st.lists(_steps, max_size=3).map(tuple),
        tools=st.lists(_tools, max_size=3).map(tuple),
        attempts=st.lists(_attempts, max_size=3).map(tuple),
    )


def a_run(number: int = 0, **changes: Any) -> Run:
    """A call that went well; `number` tells it from others."""
    start = START_NS + number * 1_000_000_000
    fields: dict[str, Any] = {
        "id": f"{number + 1:032x}",
        "trace_id": f"{number + 0xABC:032x}",
        "tenant": "default",
        "agent": "support",
        "config_hash": "0123456789abcdef",
        "route": "POST /v1/chat/completions",
        "session": f"session-{number}",
        "session_source": "derived",
        "user": "5f1d",
        "started_ns": start,
        "first_chunk_ns": start + 40_000_000,
        "ended_ns": start + 90_000_000,
        "chat_started_ns": start + 1_000_000,
        "chat_ended_ns": start + 89_000_000,
        "status": 200,
        "outcome": "ok",
        "streamed": True,
        "provider": "local",
        "model_requested": "fast",
        "model": "small-instruct",
        "model_answered": "small-instruct",
        "response_id": f"chatcmpl-{number}",
        "finish_reasons": ("stop",),
        "usage": Usage(12, 5),
        "cost_usd": 0.00012,
        "request": '{"model":"fast","messages":[{"role":"user","content":"Where is my card?"}]}',
        "answer": '{"choices":[{"message":{"role":"assistant","content":"On its way."},"finish_reason":"stop"}]}',
        "steps": (
            Step("variant_routing", start, start + 5_000, (_assigned("base", 0.9),)),
            Step("tool_outcomes", start + 5_000, start + 9_000),
        ),
        "attempts": (
            Attempt(
                provider="local",
                model="small-instruct",
                started_ns=start + 1_000_000,
                ended_ns=start + 88_000_000,
                status=200,
                request_id="req-1",
            ),
        ),
    }
    return Run(**(fields | changes))


def _assigned(variant: str, propensity: float) -> Fact:
    chosen = Assignment("weighted", "e1", ("base", "terse"), variant, propensity)
    return Fact(
        "assignment",
        {
            "policy": chosen.policy,
            "epoch": chosen.epoch,
            "eligible": list(chosen.eligible),
            "variant": chosen.variant,
            "propensity": chosen.propensity,
        },
    )
