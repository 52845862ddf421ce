"""Any message of the Messages API, any stream that says the same, and any request, as hypothesis strategies."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.proxy.wire.answers import JSON, NAMES, cut

OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
IDS = st.text("0123456789", min_size=1, max_size=6)
SPACING = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])
CITATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("page_location"),
            "cited_text": st.text(),
            "document_index": st.just(0),
            "document_title": st.none() | st.text(),
            "start_page_number": st.integers(1, 9),
            "end_page_number": st.integers(10, 99),
        }
    ),
    min_size=1,
    max_size=2,
)
TEXT = st.fixed_dictionaries(
    {"type": st.just("text"), "text": st.text(min_size=1)}, optional={"citations": st.none() | CITATIONS}
)
THINKING = st.fixed_dictionaries(
    {"type": st.just("thinking"), "thinking": st.text(), "signature": st.text("abc=", min_size=1)}
)
REDACTED = st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": st.text("abc=", min_size=1)})
TOOL_USE = st.fixed_dictionaries(
    {"type": st.just("tool_use"), "id": IDS.map("toolu_".__add__), "name": NAMES, "input": OBJECTS},
    optional={"caller": st.just({"type": "direct"})},
)
SERVER_TOOL_USE = st.fixed_dictionaries(
    {
        "type": st.just("server_tool_use"),
        "id": IDS.map("srvtoolu_".__add__),
        "name": st.just("web_search"),
        "input": st.fixed_dictionaries({"query": st.text()}),
    }
)
FOUND = st.fixed_dictionaries(
    {
        "type": st.just("web_search_tool_result"),
        "tool_use_id": IDS.map("srvtoolu_".__add__),
        "content": st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.just("web_search_result"),
                    "title": st.text(),
                    "page_age": st.none(),
                    "url": st.text(),
                    "encrypted_content": st.text("ab=", min_size=1),
                }
            ),
            max_size=2,
        ),
    }
)
COMPACTION = st.fixed_dictionaries(
    {"type": st.just("compaction"), "content": st.none() | st.text(), "encrypted_content": st.none() | st.text("ab=")}
)
UNKNOWN = st.fixed_dictionaries({"type": st.just("of_next_year")}, optional={"holds": JSON})
DOCUMENTED = TEXT | THINKING | REDACTED | TOOL_USE | SERVER_TOOL_USE | FOUND
BLOCKS = DOCUMENTED | COMPACTION | UNKNOWN

COUNTS = st.integers(0, 99)
USAGES = st.fixed_dictionaries(
    {"input_tokens": COUNTS, "output_tokens": COUNTS},
    optional={
        "cache_creation_input_tokens": st.none() | COUNTS,
        "cache_read_input_tokens": st.none() | COUNTS,
        "output_tokens_details": st.none() | st.fixed_dictionaries({"thinking_tokens": COUNTS}),
        "service_tier": st.just("standard"),
    },
)


@st.composite
def messages(draw: st.DrawFn, blocks: st.SearchStrategy[dict[str, Any]] = BLOCKS) -> dict[str, Any]:
    """Any whole answer."""
    found: dict[str, Any] = {
        "id": draw(IDS.map("msg_".__add__)),
        "type": "message",
        "role": "assistant",
        "model": draw(NAMES),
        "content": draw(st.lists(blocks, max_size=4)),
        "stop_reason": draw(st.sampled_from(["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"])),
        "stop_sequence": draw(st.none() | st.text()),
        "usage": draw(USAGES),
    }
    if draw(st.booleans()):
        found["stop_details"] = draw(st.none() | st.just({"type": "refusal", "category": None, "explanation": "no"}))
    if draw(st.booleans()):
        found["x_unknown"] = draw(JSON)
    return found


@st.composite
def streams(draw: st.DrawFn, blocks: st.SearchStrategy[dict[str, Any]] = BLOCKS) -> tuple[dict[str, Any], list[bytes]]:
    """A whole answer, and a stream that says the same, cut anywhere, as some provider writes it."""
    whole = draw(messages(blocks))
    begun = {**whole, "content": [], "stop_reason": None, "stop_sequence": None}
    begun["usage"] = {**whole["usage"], "output_tokens": draw(COUNTS)}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(whole["content"]):
        start, deltas = pieces(draw, block)
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    stopping = {name: whole[name] for name in ("stop_reason", "stop_sequence", "stop_details") if name in whole}
    counted = {"output_tokens": whole["usage"]["output_tokens"]}
    events += [{"type": "message_delta", "delta": stopping, "usage": counted}, {"type": "message_stop"}]
    for place in draw(st.lists(st.integers(1, len(events) - 1), max_size=2)):
        events.insert(place, {"type": "ping"})
    spacing, ascii = draw(SPACING), draw(st.booleans())
    return whole, [json.dumps(event, separators=spacing, ensure_ascii=ascii).encode() for event in events]


def pieces(draw: st.DrawFn, block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as a stream starts it, and its deltas."""
    match block["type"]:
        case "text":
            start = {**block, "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in cut(draw, block["text"])]
            if block.get("citations"):
                start["citations"] = []
                deltas += [{"type": "citations_delta", "citation": each} for each in block["citations"]]
            return start, deltas
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in cut(draw, block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return {**block, "thinking": "", "signature": ""}, deltas
        case "tool_use" | "server_tool_use":
            written = json.dumps(block["input"]) if block["input"] or draw(st.booleans()) else ""
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in cut(draw, written)]
            return {**block, "input": {}}, deltas
        case "compaction":
            return {"type": "compaction", "content": None, "encrypted_content": None}, [
                {**block, "type": "compaction_delta"}
            ]
    return block, []


MARKS: st.SearchStrategy[dict[str, Any]] = st.just({"cache_control": {"type": "ephemeral"}}) | st.just({})
"""Clients move the end of what is to be cached from call to call."""


@st.composite
def marked(draw: st.DrawFn, blocks: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    return {**draw(blocks), **draw(MARKS)}


PLAIN_TEXT = st.fixed_dictionaries({"type": st.just("text"), "text": st.text()})
IMAGE = st.fixed_dictionaries(
    {
        "type": st.just("image"),
        "source": st.fixed_dictionaries(
            {"type": st.just("base64"), "media_type": st.just("image/png"), "data": st.text()}
        ),
    }
)
TOOL_RESULT = st.fixed_dictionaries(
    {"type": st.just("tool_result"), "tool_use_id": IDS.map("toolu_".__add__)},
    optional={"content": st.text() | st.lists(PLAIN_TEXT | IMAGE, max_size=2), "is_error": st.booleans()},
)
USER = st.fixed_dictionaries(
    {
        "role": st.just("user"),
        "content": st.text() | st.lists(marked(PLAIN_TEXT | IMAGE | TOOL_RESULT | UNKNOWN), max_size=4),
    }
)
ASSISTANT = st.fixed_dictionaries({"role": st.just("assistant"), "content": st.text() | st.lists(BLOCKS, max_size=4)})
BETWEEN = st.fixed_dictionaries({"role": st.just("system"), "content": st.text() | st.lists(PLAIN_TEXT, max_size=2)})
TOOLS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "input_schema": st.just({"type": "object"})},
        optional={"description": st.text(), "type": st.just("custom")},
    )
    | st.just({"type": "web_search_20260318", "name": "web_search"}),
    max_size=3,
)
KNOWN = {"messages", "model", "stream", "system", "tools", "metadata", "max_tokens", "temperature", "top_p"}


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Any request, its fields in any order."""
    fields: dict[str, Any] = {
        "model": draw(st.text(min_size=1)),
        "max_tokens": draw(st.integers(1, 9999)),
        "messages": draw(st.lists(USER | ASSISTANT | BETWEEN, max_size=4)),
        **draw(st.dictionaries(st.text().filter(lambda name: name not in KNOWN), JSON, max_size=2)),
    }
    if draw(st.booleans()):
        fields["system"] = draw(st.text() | st.lists(marked(PLAIN_TEXT), max_size=2))
    if draw(st.booleans()):
        fields["tools"] = draw(TOOLS)
    return {name: fields[name] for name in draw(st.permutations(list(fields)))}


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A request as some client's library writes it."""
    indent, spacing = draw(st.sampled_from([None, 1])), draw(SPACING)
    return json.dumps(draw(requests()), ensure_ascii=draw(st.booleans()), indent=indent, separators=spacing).encode()


_KINDS = ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"]
_TYPES = [*_KINDS, "message_stop", "ping", "text", "text_delta", "input_json_delta", "citations_delta", "tool_use", "x"]
_KEYS = [
    "index",
    "delta",
    "content_block",
    "message",
    "content",
    "text",
    "usage",
    "partial_json",
    "input",
    "stop_reason",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2) | st.sampled_from(_TYPES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
        | st.builds(
            lambda type, rest: {"type": type, **rest},
            st.sampled_from(_TYPES),
            st.dictionaries(st.sampled_from(_KEYS), inner),
        )
    ),
    max_leaves=12,
)
"""JSON that looks like what is documented, and is not."""
