"""Any text completion, and any stream that says the same, as hypothesis strategies."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.proxy.wire.answers import JSON, cut, interleaved

_PER_TOKEN = {
    "tokens": st.text(max_size=3),
    "token_logprobs": st.none() | st.floats(-10, 0),
    "top_logprobs": st.none() | st.dictionaries(st.text(max_size=3), st.floats(-10, 0), max_size=2),
    "text_offset": st.integers(0, 99),
}


@st.composite
def _choices(draw: st.DrawFn, index: int) -> dict[str, Any]:
    length = draw(st.integers(0, 4))
    probabilities = {name: draw(st.lists(each, min_size=length, max_size=length)) for name, each in _PER_TOKEN.items()}
    return {
        "index": index,
        "text": draw(st.text()),
        "logprobs": draw(st.sampled_from([None, probabilities])),
        "finish_reason": draw(st.sampled_from(["stop", "length"])),
    }


@st.composite
def wholes(draw: st.DrawFn) -> dict[str, Any]:
    """Any whole answer."""
    said = [draw(_choices(index)) for index in range(draw(st.integers(1, 3)))]
    head = {"id": draw(st.text()), "model": draw(st.text()), "x_unknown": draw(JSON.filter(lambda v: v is not None))}
    usage = {"prompt_tokens": draw(st.integers(0, 99)), "completion_tokens": draw(st.integers(0, 99))}
    return {**head, "object": "text_completion", "choices": said, "usage": usage}


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, Any], list[bytes]]:
    """A whole answer, and a stream that says the same."""
    whole = draw(wholes())
    head = {name: value for name, value in whole.items() if name not in ("choices", "usage")}
    tracks = [_pieces(draw, choice) for choice in whole["choices"]]
    events = [{**head, "choices": [piece], "usage": None} for piece in interleaved(draw, tracks)]
    events.append({**head, "choices": [], "usage": whole["usage"]})
    spaced = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    return whole, [json.dumps(event, ensure_ascii=draw(st.booleans()), separators=spaced).encode() for event in events]


def _pieces(draw: st.DrawFn, choice: dict[str, Any]) -> list[dict[str, Any]]:
    """One choice as the pieces of a stream."""
    index, probabilities = choice["index"], choice["logprobs"]
    found = [
        {"index": index, "text": piece, "logprobs": None, "finish_reason": None} for piece in cut(draw, choice["text"])
    ]
    if probabilities is not None:
        cuts = cut(draw, range(len(probabilities["tokens"])))
        for place in cuts:
            part = {name: [values[at] for at in place] for name, values in probabilities.items()}
            found.append({"index": index, "text": "", "logprobs": part, "finish_reason": None})
    found.append({"index": index, "text": "", "logprobs": None, "finish_reason": choice["finish_reason"]})
    return found
