"""A conversation in the words of each API, as its reference has them: what the converters are held against."""

from typing import Any

import msgspec

from proxy.wire.convert.conversation import Base64, CacheMark, Document, FileId, Image, Part, Refusal, Text, Url
from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert.strategies import CLAUDE, Settings, Talk, Turn

Json = dict[str, Any]


def told(talk: Talk, api: Api) -> Json:
    match api:
        case "chat":
            return _chat(talk)
        case "responses":
            return _responses(talk)
        case "messages":
            return _messages(talk)


def _content(parts: tuple[Part, ...], part: Any) -> Any:
    first = parts[0] if len(parts) == 1 else None
    if not parts or (isinstance(first, Text) and first.cache is None):
        return first.text if isinstance(first, Text) else ""
    return [part(each) for each in parts]


def _marked(part: Json, mark: CacheMark | None) -> Json:
    if mark is None:
        return part
    return {**part, "prompt_cache_breakpoint": {"mode": "explicit", **({"ttl": mark.ttl} if mark.ttl else {})}}


def _url(source: Url | Base64 | FileId) -> str:
    assert not isinstance(source, FileId)
    return source.url if isinstance(source, Url) else f"data:{source.media_type};base64,{source.data}"


def _same(settings: Settings, *names: str) -> Json:
    return {name: settings[name] for name in names if name in settings}


_SHARED = (
    "temperature",
    "top_p",
    "safety_identifier",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "top_logprobs",
    "stream",
)


# Chat completions.


def _chat(talk: Talk) -> Json:
    settings = talk.settings
    messages: list[Json] = []
    if talk.instructions:
        messages.append({"role": "system", "content": _content(talk.instructions, _chat_part)})
    for turn in talk.turns:
        messages += _chat_turn(turn)
    body: Json = {
        "model": talk.model,
        "messages": messages,
        **_same(settings, *_SHARED, "stop", "logprobs", "verbosity"),
    }
    body["max_completion_tokens" if talk.model.startswith("gpt-5") else "max_tokens"] = settings["limit"]
    if talk.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    **({} if tool.description is None else {"description": tool.description}),
                    "parameters": tool.schema,
                    **({"strict": True} if tool.strict else {}),
                },
            }
            for tool in talk.tools
        ]
    if (choice := settings.get("choice")) is not None:
        named = isinstance(choice, tuple)
        body["tool_choice"] = {"type": "function", "function": {"name": choice[0]}} if named else choice
    for mine, name in (("parallel", "parallel_tool_calls"), ("effort", "reasoning_effort"), ("tier", "service_tier")):
        if mine in settings:
            body[name] = settings[mine]
    if "user" in settings:
        body["user"] = settings["user"]
    if (answer := settings.get("answer")) is not None:
        whole = {"type": answer} if isinstance(answer, str) else {"type": "json_schema", "json_schema": answer}
        body["response_format"] = whole
    if settings.get("stream"):
        body["stream_options"] = {"include_usage": True}
    return body


def _chat_turn(turn: Turn) -> list[Json]:
    if turn.role != "assistant":
        return [{"role": turn.role, "content": _content(turn.parts, _chat_part)}]
    message: Json = {"role": "assistant", "content": None}
    if len(turn.parts) == 1 and isinstance(turn.parts[0], Refusal):
        message["refusal"] = turn.parts[0].text
    elif turn.parts:
        message["content"] = _content(turn.parts, _chat_part)
    if turn.thought:
        message["reasoning_content"] = turn.thought
    if turn.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.calls
        ]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": _content(call.result, _chat_part)} for call in turn.calls
    ]
    return [message, *results]


def _chat_part(part: Part) -> Json:
    match part:
        case Text(text, mark):
            return _marked({"type": "text", "text": text}, mark)
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case Image(source, detail):
            return {"type": "image_url", "image_url": {"url": _url(source), **({"detail": detail} if detail else {})}}
        case Document(FileId(id), name):
            return {"type": "file", "file": {"file_id": id, "filename": name}}
        case Document(source, name):
            return {"type": "file", "file": {"file_data": _url(source), "filename": name}}
        case _:
            raise AssertionError(part)


# Responses.


def _responses(talk: Talk) -> Json:
    settings = talk.settings
    items: list[Json] = []
    body: Json = {"model": talk.model, "store": False, **_same(settings, *_SHARED)}
    said = _content(talk.instructions, _responses_part)
    if isinstance(said, str) and said:
        body["instructions"] = said
    elif said:
        items.append({"type": "message", "role": "system", "content": said})
    for turn in talk.turns:
        items += _responses_turn(turn)
    body["input"] = items
    body["max_output_tokens"] = settings["limit"]
    if talk.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                **({} if tool.description is None else {"description": tool.description}),
                "parameters": tool.schema,
                "strict": tool.strict,
            }
            for tool in talk.tools
        ]
    if (choice := settings.get("choice")) is not None:
        body["tool_choice"] = {"type": "function", "name": choice[0]} if isinstance(choice, tuple) else choice
    for mine, name in (("parallel", "parallel_tool_calls"), ("tier", "service_tier")):
        if mine in settings:
            body[name] = settings[mine]
    if "user" in settings:
        body["user"] = settings["user"]
    if "effort" in settings:
        body["reasoning"] = {"effort": settings["effort"]}
    if "logprobs" in settings:
        body["include"] = ["message.output_text.logprobs"]
    text: Json = _same(settings, "verbosity")
    if (answer := settings.get("answer")) is not None:
        text["format"] = {"type": answer} if isinstance(answer, str) else {"type": "json_schema", **answer}
    return {**body, "text": text} if text else body


def _responses_turn(turn: Turn) -> list[Json]:
    if turn.role != "assistant":
        return [{"type": "message", "role": turn.role, "content": _content(turn.parts, _responses_part)}]
    items: list[Json] = []
    if turn.thought:
        items.append(
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": turn.thought}]}
        )
    if turn.parts:
        content = _content(turn.parts, _said_part)
        status = {} if isinstance(content, str) else {"status": "completed"}
        items.append({"type": "message", "role": "assistant", **status, "content": content})
    items += [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in turn.calls
    ]
    items += [
        {"type": "function_call_output", "call_id": call.id, "output": _content(call.result, _responses_part)}
        for call in turn.calls
    ]
    return items


def _said_part(part: Part) -> Json:
    match part:
        case Text(text):
            return {"type": "output_text", "text": text, "annotations": []}
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case _:
            raise AssertionError(part)


def _responses_part(part: Part) -> Json:
    match part:
        case Text(text, mark):
            return _marked({"type": "input_text", "text": text}, mark)
        case Image(source, detail):
            return {"type": "input_image", "image_url": _url(source), "detail": detail or "auto"}
        case Document(FileId(id), name):
            return {"type": "input_file", "file_id": id, "filename": name}
        case Document(Url(url), name):
            return {"type": "input_file", "file_url": url, "filename": name}
        case Document(source, name):
            return {"type": "input_file", "file_data": _url(source), "filename": name}
        case _:
            raise AssertionError(part)


# Messages.


def _messages(talk: Talk) -> Json:
    settings = talk.settings
    body: Json = {
        "model": talk.model,
        "max_tokens": settings["limit"],
        **_same(settings, "temperature", "top_p", "stream"),
    }
    if talk.instructions:
        body["system"] = _content(talk.instructions, _block)
    body["messages"] = _turns(talk)
    if talk.tools:
        body["tools"] = [
            {
                "name": tool.name,
                **({} if tool.description is None else {"description": tool.description}),
                "input_schema": tool.schema,
                **({"strict": True} if tool.strict else {}),
            }
            for tool in talk.tools
        ]
    if (choice := settings.get("choice")) is not None:
        kinds = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
        body["tool_choice"] = {"type": "tool", "name": choice[0]} if isinstance(choice, tuple) else kinds[choice]
        if "parallel" in settings:
            body["tool_choice"]["disable_parallel_tool_use"] = not settings["parallel"]
    if "stop" in settings:
        body["stop_sequences"] = settings["stop"]
    if (user := settings.get("user", settings.get("safety_identifier"))) is not None:
        body["metadata"] = {"user_id": user}
    if "tier" in settings:
        body["service_tier"] = {"auto": "auto", "default": "standard_only"}[settings["tier"]]
    output: Json = {}
    if (effort := settings.get("effort")) is not None:
        assert talk.model == CLAUDE
        body["thinking"] = {"type": "disabled" if effort == "none" else "adaptive"}
        if effort != "none":
            output["effort"] = effort
    if "answer" in settings:
        output["format"] = {"type": "json_schema", "schema": settings["answer"]["schema"]}
    return {**body, "output_config": output} if output else body


def _turns(talk: Talk) -> list[Json]:
    turns: list[Json] = []
    results: list[Json] = []
    for turn in talk.turns:
        if turn.role == "user":
            said = _content(turn.parts, _block)
            if results:
                said = [*results, *([{"type": "text", "text": said}] if isinstance(said, str) else said)]
                results = []
            turns.append({"role": "user", "content": said})
        elif turn.role == "system":
            turns.append({"role": "system", "content": _content(turn.parts, _block)})
        else:
            if results:
                turns.append({"role": "user", "content": results})
            results = [_result(call.id, call.result) for call in turn.calls]
            turns.append({"role": "assistant", "content": _answer(turn)})
    return [*turns, *([{"role": "user", "content": results}] if results else [])]


def _answer(turn: Turn) -> Any:
    blocks: list[Json] = []
    if turn.thought:
        blocks.append({"type": "thinking", "thinking": turn.thought, "signature": ""})
    blocks += [_block(part) for part in turn.parts]
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": msgspec.Raw(call.arguments.encode())}
        for call in turn.calls
    ]
    return _content(turn.parts, _block) if len(blocks) == len(turn.parts) else blocks


def _result(id: str, parts: tuple[Part, ...]) -> Json:
    content = _content(parts, _block)
    return {"type": "tool_result", "tool_use_id": id, **({"content": content} if content else {})}


def _block(part: Part) -> Json:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(source):
            return {"type": "image", "source": _source(source)}
        case Document(source, name):
            return {"type": "document", "source": _source(source), "title": name}
        case _:
            raise AssertionError(part)


def _source(source: Url | Base64 | FileId) -> Json:
    match source:
        case Url(url):
            return {"type": "url", "url": url}
        case Base64(media_type, data):
            return {"type": "base64", "media_type": media_type, "data": data}
        case FileId():
            raise AssertionError(source)
