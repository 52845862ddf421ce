"""Any response, and any stream that says the same, as hypothesis strategies."""

import json
from typing import Any

from hypothesis import strategies as st

from proxy.wire.responses.split import split_response
from tests.proxy.wire.answers import NAMES, cut

Item = dict[str, Any]

WORDS = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=3,
)
STATUS = st.sampled_from(["completed", "incomplete"])
ENDED = st.sampled_from(["completed", "failed"])
ANNOTATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("url_citation"),
            "start_index": st.integers(0, 9),
            "end_index": st.integers(0, 9),
            "title": WORDS,
            "url": WORDS,
        }
    ),
    max_size=2,
)
LOGPROBS = st.lists(
    st.fixed_dictionaries(
        {"token": WORDS, "logprob": st.just(-0.5), "bytes": st.just([1]), "top_logprobs": st.just([])}
    ),
    max_size=2,
)
TEXT = st.fixed_dictionaries(
    {"type": st.just("output_text"), "text": WORDS, "annotations": ANNOTATIONS, "logprobs": LOGPROBS}
)
REFUSAL = st.fixed_dictionaries({"type": st.just("refusal"), "refusal": WORDS})
SUMMARY = st.fixed_dictionaries({"type": st.just("summary_text"), "text": WORDS})
THOUGHT = st.fixed_dictionaries({"type": st.just("reasoning_text"), "text": WORDS})
TYPES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "message": {
        "role": st.just("assistant"),
        "status": STATUS,
        "content": st.lists(TEXT | REFUSAL, max_size=2),
    },
    "reasoning": {
        "summary": st.lists(SUMMARY, max_size=2),
        "content": st.lists(THOUGHT, min_size=1, max_size=2),
        "encrypted_content": st.none() | NAMES,
    },
    "function_call": {"status": STATUS, "name": NAMES, "arguments": WORDS},
    "custom_tool_call": {"name": NAMES, "input": WORDS},
    "web_search_call": {"status": ENDED, "action": st.just({"type": "search", "query": "q"})},
    "mcp_call": {"name": NAMES, "server_label": NAMES, "arguments": WORDS, "error": st.none(), "output": WORDS},
    "code_interpreter_call": {"code": WORDS, "container_id": NAMES, "outputs": st.none(), "status": STATUS},
    "image_generation_call": {"status": ENDED, "result": st.none() | WORDS},
    "local_shell_call": {"status": STATUS, "action": st.just({"type": "exec", "command": ["ls"], "env": {}})},
}
KINDS = st.sampled_from([*TYPES, "message", "message", "function_call"])
ITEMS = {kind: st.fixed_dictionaries(fields, optional={"x_unknown": JSON}) for kind, fields in TYPES.items()}
CALLS = ("function_call", "custom_tool_call", "local_shell_call")


@st.composite
def items(draw: st.DrawFn, number: int) -> Item:
    kind = draw(KINDS)
    item: Item = {"id": f"{kind}_{number}", "type": kind}
    item |= draw(ITEMS[kind])
    if kind in CALLS:
        item["call_id"] = f"call_{number}"
    return item


@st.composite
def responses(draw: st.DrawFn) -> Item:
    """Any whole answer."""
    status = draw(STATUS)
    return {
        "id": draw(NAMES),
        "object": "response",
        "created_at": draw(st.integers(0, 2**40)),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": draw(WORDS),
        "output": [draw(items(number)) for number in range(draw(st.integers(0, 3)))],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": draw(st.integers(0, 99)),
            "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 3,
        },
        "x_unknown": draw(JSON),
    }


@st.composite
def streams(draw: st.DrawFn) -> tuple[Item, list[bytes]]:
    """A whole answer, and a stream that says the same in pieces of any size."""
    whole = draw(responses())
    events = []
    for _, data in split_response(json.dumps(whole).encode()):
        event = json.loads(data)
        if event["type"].endswith(".delta"):
            events += [{**event, "delta": piece, "obfuscation": "x"} for piece in cut(draw, event["delta"])]
        else:
            events.append(event)
    for number, event in enumerate(events):
        event["sequence_number"] = number
    return whole, [json.dumps(event).encode() for event in events]
