"""Answers as an upstream that speaks the Responses API gives them, and read as its clients read them."""

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from hypothesis import strategies as st

from proxy.wire.convert.pieces import Reason
from proxy.wire.responses.event import kind_of
from proxy.wire.responses.join import join_events
from tests.proxy.wire.answers import cut
from tests.proxy.wire.convert.random_answers import Answer, Called, Part, Said, Thought, Tokens, side_by_side

_CUT: Final[dict[Reason, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def whole(answer: Answer) -> bytes:
    return json.dumps(_finished(answer)).encode()


def stream(draw: st.DrawFn, answer: Answer) -> list[bytes]:
    begun = {**_response(answer), "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    tracks = [_item_events(draw, item, index) for index, item in enumerate(_output(answer))]
    numbered = list(enumerate(tracks))
    for called, run in groupby(numbered, lambda each: each[1][0]["item"]["type"] == "function_call"):
        told = [track for _, track in run]
        events += side_by_side(draw, told) if called else [event for track in told for event in track]
    finished = _finished(answer)
    events.append({"type": f"response.{finished['status']}", "response": finished})
    return [json.dumps({**event, "sequence_number": number}).encode() for number, event in enumerate(events)]


def join(events: Sequence[bytes]) -> bytes:
    return join_events([(kind_of(event), event) for event in events])


def read(body: bytes) -> Answer:
    document = json.loads(body)
    parts: list[Part] = []
    refusal = ""
    for item in document["output"]:
        match item["type"]:
            case "message":
                parts += [Said(part["text"]) for part in item["content"] if part["type"] == "output_text"]
                refusal += "".join(part["refusal"] for part in item["content"] if part["type"] == "refusal")
            case "reasoning":
                text = "".join(part["text"] for part in [*item["summary"], *item.get("content", ())])
                parts.append(Thought(text, item.get("encrypted_content", "")))
            case "function_call":
                parts.append(Called(item["call_id"], item["name"], item["arguments"]))
    called = any(isinstance(part, Called) for part in parts)
    cut_short = document["incomplete_details"]
    reason: Reason
    if document["status"] == "completed":
        reason = "tool_calls" if called else "stop"
    else:
        reason = {told: reason for reason, told in _CUT.items()}[cut_short["reason"]]
    return Answer(tuple(parts), reason, refusal, _tokens(document["usage"]), document["model"])


def _response(answer: Answer) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": answer.model,
        "error": None,
        "incomplete_details": None,
    }


def _finished(answer: Answer) -> dict[str, Any]:
    ending: dict[str, Any] = {"status": "completed"}
    if answer.reason in _CUT:
        ending = {"status": "incomplete", "incomplete_details": {"reason": _CUT[answer.reason]}}
    return {**_response(answer), **ending, "output": _output(answer), "usage": _usage(answer.tokens)}


def _output(answer: Answer) -> list[dict[str, Any]]:
    items = [_item(part, f"{index}") for index, part in enumerate(answer.parts)]
    if answer.refusal:
        items.append(_message(f"msg_{len(items)}", {"type": "refusal", "refusal": answer.refusal}))
    return items


def _item(part: Part, id: str) -> dict[str, Any]:
    match part:
        case Said(text):
            return _message(f"msg_{id}", {"type": "output_text", "text": text, "annotations": [], "logprobs": []})
        case Thought(text, seal):
            summary = [{"type": "summary_text", "text": text}] if text else []
            item = {"type": "reasoning", "id": f"rs_{id}", "summary": summary}
            return {**item, "encrypted_content": seal} if seal else item
        case Called(call_id, name, arguments):
            call = {"type": "function_call", "id": f"fc_{id}", "call_id": call_id, "name": name}
            return {**call, "arguments": arguments, "status": "completed"}


def _message(id: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "id": id, "role": "assistant", "status": "completed", "content": [part]}


def _item_events(draw: st.DrawFn, item: dict[str, Any], index: int) -> list[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "message":
            (part,) = item["content"]
            field, kind = ("text", "output_text") if part["type"] == "output_text" else ("refusal", "refusal")
            opened = {**item, "content": []}
            said = _part_events(
                draw, {**place, "content_index": 0}, part, field, f"response.{kind}", "response.content_part"
            )
        case "reasoning":
            opened = {**item, "summary": []}
            said = []
            for part in item["summary"]:
                where = {**place, "summary_index": 0}
                kinds = "response.reasoning_summary_text", "response.reasoning_summary_part"
                said = _part_events(draw, where, part, "text", *kinds)
        case _:
            opened = {**item, "arguments": ""}
            said = [
                {"type": "response.function_call_arguments.delta", **place, "delta": piece}
                for piece in cut(draw, item["arguments"])
            ]
            said.append({"type": "response.function_call_arguments.done", **place, "arguments": item["arguments"]})
    return [
        {"type": "response.output_item.added", "output_index": index, "item": opened},
        *said,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _part_events(
    draw: st.DrawFn, place: dict[str, Any], part: dict[str, Any], field: str, kind: str, part_kind: str
) -> list[dict[str, Any]]:
    deltas = [{"type": f"{kind}.delta", **place, "delta": piece, "logprobs": []} for piece in cut(draw, part[field])]
    # Some servers tell of a text only once it is complete.
    told = deltas if draw(st.booleans()) else []
    return [
        {"type": f"{part_kind}.added", **place, "part": {**part, field: ""}},
        *told,
        {"type": f"{kind}.done", **place, field: part[field]},
        {"type": f"{part_kind}.done", **place, "part": part},
    ]


def _usage(tokens: Tokens | None) -> dict[str, Any] | None:
    if tokens is None:
        return None
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.written},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }


def _tokens(usage: dict[str, Any] | None) -> Tokens | None:
    if usage is None:
        return None
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    read, wrote = usage["input_tokens_details"], usage["output_tokens_details"]
    return Tokens(
        usage["input_tokens"],
        usage["output_tokens"],
        read["cached_tokens"],
        read["cache_write_tokens"],
        wrote["reasoning_tokens"],
    )
