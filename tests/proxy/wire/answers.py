"""Any chat completion, and any stream that says the same, as hypothesis strategies."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text("abc_", min_size=1, max_size=8)


@st.composite
def tool_calls(draw: st.DrawFn) -> dict[str, Any]:
    kind, text = draw(st.sampled_from([("function", "arguments"), ("custom", "input")]))
    called = {"name": draw(NAMES), text: draw(st.text())}
    return {"id": draw(st.text("0123456789", min_size=1)), "type": kind, kind: called}


@st.composite
def choices(draw: st.DrawFn, index: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": draw(st.none() | st.text(min_size=1))}
    for field in ("refusal", "reasoning_content"):
        if draw(st.booleans()):
            message[field] = draw(st.text(min_size=1))
    if draw(st.booleans()):
        message["annotations"] = draw(st.lists(st.dictionaries(st.text(), JSON, max_size=2), min_size=1, max_size=3))
    if draw(st.booleans()):
        message["tool_calls"] = draw(st.lists(tool_calls(), min_size=1, max_size=3))
    found = {"index": index, "message": message, "finish_reason": draw(st.sampled_from(["stop", "length"]))}
    if draw(st.booleans()):
        tokens = draw(st.lists(st.dictionaries(st.text(), JSON, max_size=2), min_size=1, max_size=4))
        found["logprobs"] = {"content": tokens}
    return found


def cut(draw: st.DrawFn, whole: Any) -> list[Any]:
    """A text or a list in pieces, some of them empty."""
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    return [whole[a:b] for a, b in pairwise([0, *places, len(whole)])]


def deltas(draw: st.DrawFn, choice: dict[str, Any]) -> list[dict[str, Any]]:
    """One choice as the deltas of a stream."""
    found: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": None}}]
    for key, value in choice["message"].items():
        if key == "tool_calls":
            found += [{"delta": {"tool_calls": [piece]}} for piece in call_pieces(draw, value)]
        elif key != "role" and value is not None:
            found += [{"delta": {key: piece}} for piece in cut(draw, value)]
    if "logprobs" in choice:
        found += [{"delta": {}, "logprobs": {"content": piece}} for piece in cut(draw, choice["logprobs"]["content"])]
    found.append({"delta": {}, "finish_reason": choice["finish_reason"]})
    return [{"index": choice["index"], "finish_reason": None, **each} for each in found]


def call_pieces(draw: st.DrawFn, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tracks = []
    for index, call in enumerate(calls):
        kind, text = ("function", "arguments") if call["type"] == "function" else ("custom", "input")
        first = {**call, "index": index, kind: {**call[kind], text: ""}}
        tracks.append([first, *({"index": index, kind: {text: piece}} for piece in cut(draw, call[kind][text]))])
    return interleaved(draw, tracks)


def interleaved(draw: st.DrawFn, tracks: list[list[Any]]) -> list[Any]:
    """The items of all tracks in some order that keeps each track's own."""
    order = draw(st.permutations([number for number, track in enumerate(tracks) for _ in track]))
    remaining = [iter(track) for track in tracks]
    return [next(remaining[number]) for number in order]


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    """Any whole answer."""
    said = [draw(choices(index)) for index in range(draw(st.integers(1, 3)))]
    head = {"id": draw(st.text()), "model": draw(st.text()), "x_unknown": draw(JSON.filter(lambda v: v is not None))}
    usage = {"prompt_tokens": draw(st.integers(0, 99)), "completion_tokens": 1}
    return {**head, "object": "chat.completion", "choices": said, "usage": usage}


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, Any], list[bytes]]:
    """A whole answer, and a stream that says the same."""
    whole = draw(completions())
    head = {**whole, "object": "chat.completion.chunk"}
    events: list[dict[str, Any]] = [
        {**head, "choices": [delta], "usage": None}
        for delta in interleaved(draw, [deltas(draw, choice) for choice in whole["choices"]])
    ]
    events.append({**head, "choices": []})
    return whole, [json.dumps(event).encode() for event in events]
