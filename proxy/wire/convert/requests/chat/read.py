"""Reads a chat-completions request. Source: https://platform.openai.com/docs/api-reference/chat/create."""

from typing import Final

from proxy.wire.convert.conversation import (
    AnswerFormat,
    Conversation,
    Effort,
    Item,
    Json,
    Message,
    Reasoning,
    Refusal,
    Role,
    ToolCall,
    ToolResult,
)
from proxy.wire.convert.requests.chat.offers import read_choice, read_tools
from proxy.wire.convert.requests.chat.parts import read_content
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA
from proxy.wire.convert.requests.reading import Fields, Value, read_body, word

_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_FORMATS: Final = frozenset({"text", "json_object", "json_schema"})
_NAMES: Final = {"answer": "response_format", "effort": "reasoning_effort", "tier": "service_tier"}
SHARED: Final = (
    "metadata",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "user",
    "store",
    "top_logprobs",
)
"""What Responses has word for word; `store` means another thing there, but the same to who asks for it."""


def read(body: bytes, losses: Losses) -> Conversation:
    fields = read_body(body)
    _refuse_what_no_other_api_has(fields)
    items = _read_messages(fields.need("messages"), losses)
    limit = fields.whole("max_completion_tokens") or fields.whole("max_tokens")
    fields.skip("max_tokens", "stream_options")
    effort = fields.text("reasoning_effort")
    shared = _shared(fields)
    found = Conversation(
        model=fields.need("model").text(),
        items=items,
        tools=read_tools(fields, losses),
        choice=read_choice(fields),
        parallel=fields.flag("parallel_tool_calls"),
        max_tokens=limit,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.whole("top_k"),
        stop=_stops(fields.get("stop")),
        seed=fields.whole("seed"),
        frequency_penalty=fields.number("frequency_penalty"),
        presence_penalty=fields.number("presence_penalty"),
        logprobs=bool(fields.flag("logprobs")),
        answer=_format(fields.get("response_format"), losses),
        verbosity=fields.text("verbosity"),
        effort=Effort(level=effort) if effort is not None else None,
        tier=fields.text("service_tier"),
        user=_user(fields),
        stream=fields.flag("stream"),
        shared=shared,
        names=_NAMES,
    )
    fields.close(losses, EXTRA)
    return found


def _refuse_what_no_other_api_has(fields: Fields) -> None:
    if (choices := fields.get("n")) is not None and choices.whole() != 1:
        raise refused("n", "the upstream's API gives one answer to a call; ask once for each")
    if (bias := fields.get("logit_bias")) is not None and bytes(bias.object()).strip(b"{} \n\r\t"):
        raise refused("logit_bias", "the upstream's API has none; leave it out")
    if (kinds := fields.get("modalities")) is not None and any(kind.text() != "text" for kind in kinds.items()):
        raise refused("modalities", "the upstream's API answers in text only")
    for name in ("audio", "web_search_options"):
        if fields.get(name) is not None:
            raise refused(name, "the upstream's API cannot do this; leave it out")


def _shared(fields: Fields) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name in SHARED:
        if (value := fields.get(name)) is not None:
            found[name] = value.raw
    return found


def _user(fields: Fields) -> str | None:
    named = fields.text("safety_identifier") or fields.text("user")
    if named is None and (metadata := fields.get("metadata")) is not None:
        known = metadata.fields().get("user_id")
        return known.text() if known is not None and known.kind == "text" else None
    return named


def _stops(value: Value | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value.text(),) if value.kind == "text" else tuple(each.text() for each in value.items())


def _format(value: Value | None, losses: Losses) -> AnswerFormat | None:
    if value is None:
        return None
    fields = value.fields()
    kind = word(fields.need("type"), _FORMATS)
    if kind == "text":
        return AnswerFormat("text")
    if kind == "json_object":
        return AnswerFormat("json")
    schema = fields.need("json_schema").fields()
    found = AnswerFormat(
        "schema",
        schema.object("schema"),
        schema.need("name").text(),
        schema.text("description"),
        schema.flag("strict"),
    )
    schema.close(losses, EXTRA)
    fields.close(losses, EXTRA)
    return found


class _Ids:
    """Ids of calls. Some clients give none: then the results come in the order of the calls."""

    def __init__(self) -> None:
        self._calls = 0
        self._results = 0
        self.custom: set[str] = set()
        """Those of calls with free text."""

    def call(self, id: str | None) -> str:
        if id:
            return id
        self._calls += 1
        return f"call_{self._calls}"

    def result(self, id: str | None) -> str:
        if id:
            return id
        self._results += 1
        return f"call_{self._results}"


def _read_messages(value: Value, losses: Losses) -> list[Item]:
    ids = _Ids()
    items: list[Item] = []
    for each in value.items():
        message = each.fields()
        role = word(message.need("role"), _ROLES)
        if role in ("tool", "function"):
            if role == "function":
                message.skip("name")
            id = ids.result(message.text("tool_call_id"))
            parts = read_content(message.get("content"), losses)
            items.append(ToolResult(id, parts, custom=id in ids.custom, path=f"{each.path}.content"))
        elif role == "assistant":
            items.extend(_read_assistant(message, ids, losses))
        else:
            parts = read_content(message.get("content"), losses)
            items.append(Message(_role(role), parts, f"{each.path}.content"))
        message.close(losses, EXTRA)
    return items


def _role(role: str) -> Role:
    return "system" if role == "system" else "developer" if role == "developer" else "user"


def _read_assistant(message: Fields, ids: _Ids, losses: Losses) -> list[Item]:
    items: list[Item] = []
    if message.get("audio") is not None:
        raise refused(message.path_of("audio"), "the upstream does not have it; send its transcript as content")
    # vLLM writes what others call `reasoning_content` as `reasoning`.
    for name in ("reasoning_content", "reasoning"):
        if (thought := message.get(name)) is not None and thought.kind == "text" and not items:
            items.append(Reasoning(thought.text(), path=thought.path))
    parts = read_content(message.get("content"), losses)
    if refusal := message.text("refusal"):
        parts += (Refusal(refusal),)
    calls = [_read_call(call, ids, losses) for call in message.items("tool_calls")]
    if (legacy := message.get("function_call")) is not None:
        function = legacy.fields()
        name = function.need("name").text()
        calls.append(ToolCall(ids.call(None), name, _arguments(function.get("arguments")), path=legacy.path))
    if parts or not (calls or items):
        items.append(Message("assistant", parts, message.path_of("content")))
    return items + calls


def _read_call(value: Value, ids: _Ids, losses: Losses) -> ToolCall:
    call = value.fields()
    call.skip("type", "index")
    id = ids.call(call.text("id"))
    if (custom := call.get("custom")) is not None:
        inner = custom.fields()
        ids.custom.add(id)
        found = ToolCall(id, inner.need("name").text(), inner.text("input") or "", custom=True, path=value.path)
    else:
        inner = call.need("function").fields()
        found = ToolCall(id, inner.need("name").text(), _arguments(inner.get("arguments")), path=value.path)
    inner.close(losses, EXTRA)
    call.close(losses, EXTRA)
    return found


def _arguments(value: Value | None) -> str:
    """Text by the book; some clients send the object itself."""
    if value is None:
        return ""
    return bytes(value.object()).decode() if value.kind == "object" else value.text()
