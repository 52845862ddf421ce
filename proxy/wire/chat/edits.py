"""Edits to an answer, or to a chunk of one: other words in a channel, more of them, and an end to all of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from middleware.messages import Channel
from proxy.wire.chat.calls import Call
from proxy.wire.chat.said import FUNCTION_CALL, REASONING, SPOKEN, THINKING, item_of

_Fields: TypeAlias = dict[str, msgspec.Raw]

_FIELDS: Final = msgspec.json.Decoder(_Fields)
_LIST: Final = msgspec.json.Decoder(list[_Fields])
_RAWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_CALL: Final = msgspec.json.Decoder(Call)
_INDEX: Final = msgspec.json.Decoder(int)
_TEXT: Final = msgspec.json.Decoder(str)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_dumps: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")
_EMPTY: Final = msgspec.Raw(b'""')
_OF_TOKENS: Final = ("logprobs", "token_ids")
"""What tells the words of a choice token by token."""

_REPEATING_REASONING: Final = ("reasoning_details", "thinking_blocks", "provider_specific_fields")
"""What tells reasoning once more, with a signature over it, as OpenRouter and litellm do."""


def with_pieces(data: bytes, texts: Mapping[Channel, str], *, whole: bool) -> bytes:
    """`data` with these texts, each of which differs from what it says there."""
    document = _FIELDS.decode(data)
    left = dict(texts)
    choices = [_changed(choice, left, whole=whole) for choice in _list(document.get("choices", _NULL))]
    # What had no place: a text for a choice that is not there.
    choices += [] if whole else [_choice(channel, text) for channel, text in left.items() if text]
    return _dumps({**document, "choices": choices})


def said_more(data: bytes, channel: Channel, text: str) -> bytes:
    """A chunk of the same stream with this text alone."""
    return _dumps({**_head(data), "choices": [_choice(channel, text)]})


def blocked_stream(data: bytes, text: str, choices: Collection[int], *, first: bool) -> list[bytes]:
    """A chunk for each of these choices, in which it says `text` and ends.

    Both at once: OpenAI's libraries look at why a choice ended before they try to read what it says as the JSON that
    was asked for. Clients take the role from the first chunk.
    """
    head = _head(data)
    delta = ({"role": "assistant"} if first else {}) | ({"content": text} if text else {})
    ends = [{"index": index, "delta": delta, "finish_reason": "content_filter"} for index in choices]
    return [_dumps({**head, "choices": [choice]}) for choice in ends]


def blocked_answer(data: bytes, text: str, choices: Collection[int]) -> bytes:
    """The answer in which these choices say `text` and nothing else."""
    document = _FIELDS.decode(data)
    message = {"role": "assistant", "content": text, "refusal": None}
    found: list[Any] = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": "content_filter"}
        if (index := _index(choice)) in choices
        else choice
        for choice in _list(document.get("choices", _NULL))
    ]
    return _dumps({**document, "choices": found})


def _head(data: bytes) -> _Fields:
    """What chunks of a stream have in common."""
    try:
        document = _FIELDS.decode(data)
    except _UNREADABLE:
        return {}
    document.pop("usage", None)
    if "object" in document:
        document["object"] = msgspec.Raw(b'"chat.completion.chunk"')
    return document


def _choice(channel: Channel, text: str) -> dict[str, Any]:
    return {"index": channel.choice, "delta": _delta(channel, text), "finish_reason": None}


def _delta(channel: Channel, text: str) -> dict[str, Any]:
    match channel:
        case (_, "refusal", _):
            return {"refusal": text}
        case (_, "reasoning", item):
            return {"reasoning" if item == REASONING else "reasoning_content": text}
        case (_, "arguments", item) if item == FUNCTION_CALL:
            return {"function_call": {"arguments": text}}
        case (_, "arguments", item) if item < FUNCTION_CALL:
            return {"tool_calls": [{"index": FUNCTION_CALL - 1 - item, "custom": {"input": text}}]}
        case (_, "arguments", item):
            return {"tool_calls": [{"index": item, "function": {"arguments": text}}]}
        case _:
            return {"content": text}


def _changed(choice: _Fields, left: dict[Channel, str], *, whole: bool) -> _Fields:
    """The choice with the texts for it, which are then no longer `left`, but for nothing in their place."""
    index = _index(choice)
    texts = {channel: text for channel, text in left.items() if channel.choice == index}
    if not texts:
        return choice
    name = "message" if whole or bytes(choice.get("message", _NULL)).startswith(b"{") else "delta"
    said = _fields(choice.get(name, _NULL))
    if name == "message" and bytes(beside := choice.pop("delta", _NULL)).startswith(b"{"):
        said = {**_fields(beside), **said}  # What they said together is said once.
    for channel, text in texts.items():
        _put(said, channel, text, whole=whole)
    left.update(dict.fromkeys(texts, ""))
    changed = {**choice, name: _raw(said)}
    changed.update((field, _NULL) for field in _OF_TOKENS if field in choice)
    return changed


def _put(said: _Fields, channel: Channel, text: str, *, whole: bool) -> None:
    match channel:
        case (_, "text", item) if item == SPOKEN:
            audio = _fields(said.get("audio", _NULL))
            # The words of a voice cannot be changed.
            said["audio"] = _raw({**audio, "transcript": text, "data": ""})
        case (_, "text", _):
            _put_text(said, text, whole=whole)
        case (_, "refusal", _):
            said["refusal"] = _raw(text)
        case (_, "reasoning", item):
            for field in _REPEATING_REASONING:
                said.pop(field, None)
            if item == THINKING:
                said["content"] = _in_parts(said.get("content", _NULL), text, "thinking")
            else:
                said["reasoning" if item == REASONING else "reasoning_content"] = _raw(text)
        case (_, _, item) if item == FUNCTION_CALL:
            said["function_call"] = _raw({**_fields(said.get("function_call", _NULL)), "arguments": text})
        case (_, _, item):
            _put_arguments(said, channel, text)


def _put_text(said: _Fields, text: str, *, whole: bool) -> None:
    content = said.get("content", _NULL)
    if "annotations" in said:
        had = _string(content) if whole else None
        kept = [each for each in _raws(said["annotations"]) if had is not None and _still_holds(each, had, text)]
        said["annotations"] = _raw(kept)
    said["content"] = _in_parts(content, text, "text") if bytes(content).startswith(b"[") else _raw(text)


def _still_holds(annotation: msgspec.Raw, before: str, after: str) -> bool:
    """Whether the place that it names says what it said."""
    fields = _fields(annotation)
    cited = _fields(fields.get(_string(fields.get("type", _NULL)) or "", _NULL))
    try:
        start, end = _INDEX.decode(cited["start_index"]), _INDEX.decode(cited["end_index"])
    except (KeyError, *_UNREADABLE):
        return False
    return 0 <= start <= end <= len(after) and before[start:end] == after[start:end]


def _in_parts(content: msgspec.Raw, text: str, field: str) -> msgspec.Raw:
    """The parts with `text` in the first that has this field, and nothing in the others."""
    texts = iter((text,))
    parts: list[Any] = _list(content)
    for part in parts:
        if bytes(part.get(field, _NULL)) != b"null":
            said = next(texts, "")
            nested = bytes(part[field]).startswith(b"[")
            part[field] = _raw([{"type": "text", "text": said}] if nested else said)
    if left := next(texts, ""):
        parts.append({"type": field, field: left})
    return _raw(parts)


def _put_arguments(said: _Fields, channel: Channel, text: str) -> None:
    custom = channel.item < FUNCTION_CALL
    kind, name = ("custom", "input") if custom else ("function", "arguments")
    calls = _list(said.get("tool_calls", _NULL))
    found = False
    for place, call in enumerate(calls):
        if item_of(_call(call), place) != channel.item:
            continue
        called = _fields(call.get(kind, _NULL))
        called[name] = _as_it_was(called.get(name, _NULL), "" if found else text)
        call[kind] = _raw(called)
        found = True
    if not found:
        calls += _LIST.decode(_dumps(_delta(channel, text)["tool_calls"]))
    said["tool_calls"] = _raw(calls)


def _as_it_was(had: msgspec.Raw, text: str) -> msgspec.Raw:
    """Arguments in place of others: an object in place of an object, where they are one."""
    if bytes(had).startswith(b"{"):
        written = text.encode("utf-8", "surrogatepass")
        if _fields(msgspec.Raw(written)):
            return msgspec.Raw(written)
    return _raw(text)


def _call(fields: _Fields) -> Call:
    try:
        return _CALL.decode(_dumps(fields))
    except _UNREADABLE:
        return Call()


def _index(choice: _Fields) -> int:
    try:
        return _INDEX.decode(choice.get("index", b"0"))
    except _UNREADABLE:
        return 0


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_dumps(value))


def _fields(value: msgspec.Raw) -> _Fields:
    try:
        return _FIELDS.decode(value)
    except _UNREADABLE:
        return {}


def _list(value: msgspec.Raw) -> list[_Fields]:
    try:
        return _LIST.decode(value)
    except _UNREADABLE:
        return []


def _raws(value: msgspec.Raw) -> Sequence[msgspec.Raw]:
    try:
        return _RAWS.decode(value)
    except _UNREADABLE:
        return ()


def _string(value: msgspec.Raw) -> str | None:
    try:
        return _TEXT.decode(value)
    except _UNREADABLE:
        return None
