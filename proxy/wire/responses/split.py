"""A whole response as the events of a stream that says the same: the reverse of `join`.

Only what a stream says in another way is taken apart; the rest keeps its bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from proxy.errors import UpstreamBroke
from proxy.wire.responses.raw import NONE, NULL, Fields, encode, fields_in, items_in, text_in

Event: TypeAlias = tuple[str, dict[str, Any]]
_Place: TypeAlias = Mapping[str, Any]

_NO_TEXT: Final = msgspec.Raw(b'""')
_IN_PROGRESS: Final = msgspec.Raw(b'"in_progress"')
_UNKNOWN_YET: Final = ("usage", "completed_at", "incomplete_details", "error")
_ENDS: Final = {"queued": "response.queued", "in_progress": "", "failed": "response.failed"} | dict.fromkeys(
    ("incomplete", "cancelled"), "response.incomplete"
)
"""The event that ends a stream by the status of its response, where it is not `completed`: no event says `cancelled`,
and a response in progress has just been told of."""

_STAGES: Final = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}


def split_response(body: bytes) -> list[tuple[bytes, bytes]]:
    """The kind and the data of each event. Raises `UpstreamBroke` for what is no response."""
    if not (response := fields_in(body)):
        raise UpstreamBroke("the upstream answered with a document that is no response")
    return [
        (kind.encode(), encode({"type": kind, "sequence_number": number, **fields}))
        for number, (kind, fields) in enumerate(_events(body, response))
    ]


def _events(body: bytes, response: Fields) -> Iterator[Event]:
    nothing = dict.fromkeys([name for name in _UNKNOWN_YET if name in response], NULL)
    begun = encode({**response, **nothing, "status": _IN_PROGRESS, "output": NONE})
    for kind in ("response.created", "response.in_progress"):
        yield kind, {"response": msgspec.Raw(begun)}
    for index, item in enumerate(items_in(response.get("output"))):
        yield from events_of_item(index, item)
    if ending := _ENDS.get(text_in(response.get("status")), "response.completed"):
        yield ending, {"response": msgspec.Raw(body)}


def events_of_item(index: int, item: msgspec.Raw) -> Iterator[Event]:
    """The type and the fields of each event."""
    fields = fields_in(item)
    opened = _opened(fields)
    yield "response.output_item.added", {"output_index": index, "item": item if opened is None else opened}
    # Each event names its item by id. One that has none, which is allowed for calls, is told at its end.
    if opened is not None and text_in(fields.get("id")):
        yield from _SAID[text_in(fields["type"])](fields, {"item_id": fields["id"], "output_index": index})
    yield "response.output_item.done", {"output_index": index, "item": item}


def _opened(item: Fields) -> Fields | None:
    """The item before anything was said in it; None for one of which nothing more is told in a stream."""
    kind = text_in(item.get("type"))
    if kind not in _SAID:
        return None
    opened = {**item, **({"status": _IN_PROGRESS} if "status" in item else {})}
    unsaid = _UNSAID.get(kind, {}).items()
    opened.update((name, nothing) for name, nothing in unsaid if bytes(item.get(name, NULL)) != b"null")
    if kind == "reasoning":
        opened.pop("encrypted_content", None)
    return opened


def _message(item: Fields, place: _Place) -> Iterator[Event]:
    for index, part in enumerate(items_in(item.get("content"))):
        yield from events_of_part(fields_in(part), {**place, "content_index": index}, part)


def events_of_part(part: Fields, place: _Place, whole: msgspec.Raw) -> Iterator[Event]:
    match text_in(part.get("type")):
        case "output_text":
            begun = {**part, "text": _NO_TEXT, "annotations": NONE}
            more: dict[str, Any] = {"logprobs": items_in(part.get("logprobs"))}
            if "logprobs" in part:
                begun["logprobs"] = NONE
            name, stem = "text", "response.output_text"
        case "refusal":
            begun, more, name, stem = {**part, "refusal": _NO_TEXT}, {}, "refusal", "response.refusal"
        case "reasoning_text":
            begun, more, name, stem = {**part, "text": _NO_TEXT}, {}, "text", "response.reasoning_text"
        case _:
            begun, more, name, stem = part, {}, "", ""
    yield "response.content_part.added", {**place, "part": begun}
    if stem:
        yield from _said(stem, name, part.get(name), place, more, _annotations(part, place))
    yield "response.content_part.done", {**place, "part": whole}


def _said(
    stem: str, name: str, text: msgspec.Raw | None, place: _Place, more: dict[str, Any], between: Iterable[Event] = ()
) -> Iterator[Event]:
    if text is None or not bytes(text).startswith(b'"'):
        text = _NO_TEXT
    if bytes(text) != b'""':
        yield f"{stem}.delta", {**place, "delta": text, **more}
    yield from between
    yield f"{stem}.done", {**place, name: text, **more}


def _annotations(part: Fields, place: _Place) -> Iterator[Event]:
    for index, annotation in enumerate(items_in(part.get("annotations"))):
        at = {**place, "annotation_index": index, "annotation": annotation}
        yield "response.output_text.annotation.added", at


def events_of_summary(part: Fields, place: _Place, whole: msgspec.Raw) -> Iterator[Event]:
    stem = "response.reasoning_summary"
    yield f"{stem}_part.added", {**place, "part": {**part, "text": _NO_TEXT}}
    yield from _said(f"{stem}_text", "text", part.get("text"), place, {})
    yield f"{stem}_part.done", {**place, "part": whole}


def _reasoning(item: Fields, place: _Place) -> Iterator[Event]:
    for index, part in enumerate(items_in(item.get("summary"))):
        yield from events_of_summary(fields_in(part), {**place, "summary_index": index}, part)
    if bytes(item.get("content", NULL)) != b"null":
        yield from _message(item, place)


def _field(stem: str, name: str) -> Callable[[Fields, _Place], Iterator[Event]]:
    """For an item of which one field comes in pieces."""
    return lambda item, place: _said(stem, name, item.get(name), place, {})


def _stages(kind: str) -> Callable[[Fields, _Place], Iterator[Event]]:
    def told(item: Fields, place: _Place) -> Iterator[Event]:
        for stage in _STAGES[kind]:
            failed = stage == "completed" and bytes(item.get("error", NULL)) != b"null"
            yield f"response.{kind}.{'failed' if failed else stage}", dict(place)

    return told


def _mcp_call(item: Fields, place: _Place) -> Iterator[Event]:
    yield "response.mcp_call.in_progress", dict(place)
    yield from _said("response.mcp_call_arguments", "arguments", item.get("arguments"), place, {})
    failed = bytes(item.get("error", NULL)) != b"null"
    yield f"response.mcp_call.{'failed' if failed else 'completed'}", dict(place)


def _interpreted(item: Fields, place: _Place) -> Iterator[Event]:
    stem = "response.code_interpreter_call"
    yield f"{stem}.in_progress", dict(place)
    yield from _said(f"{stem}_code", "code", item.get("code"), place, {})
    for stage in ("interpreting", "completed"):
        yield f"{stem}.{stage}", dict(place)


_SAID: Final[Mapping[str, Callable[[Fields, _Place], Iterator[Event]]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _field("response.function_call_arguments", "arguments"),
    "custom_tool_call": _field("response.custom_tool_call_input", "input"),
    "mcp_call": _mcp_call,
    "code_interpreter_call": _interpreted,
    **{kind: _stages(kind) for kind in _STAGES},
}
_UNSAID: Final[Mapping[str, Fields]] = {
    "message": {"content": NONE},
    "reasoning": {"summary": NONE, "content": NONE},
    "function_call": {"arguments": _NO_TEXT},
    "custom_tool_call": {"input": _NO_TEXT},
    "mcp_call": {"arguments": _NO_TEXT, "output": NULL},
    "code_interpreter_call": {"code": _NO_TEXT, "outputs": NULL},
    "image_generation_call": {"result": NULL},
    "mcp_list_tools": {"tools": NONE},
}
"""What of an item is told only later."""
