"""Reads a Messages request. Source: https://platform.claude.com/docs/en/api/messages."""

from collections.abc import Sequence
from typing import Final

from proxy.wire.convert.conversation import (
    AnswerFormat,
    Conversation,
    Effort,
    Item,
    Message,
    Part,
    Reasoning,
    Role,
    ToolCall,
    ToolResult,
)
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA, read_mark
from proxy.wire.convert.requests.messages.offers import read_choice, read_tools
from proxy.wire.convert.requests.messages.parts import read_block, read_content
from proxy.wire.convert.requests.reading import Fields, Value, read_body, word
from proxy.wire.convert.sealed import opened

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant", "system": "system"}
_THINKING: Final = frozenset({"enabled", "adaptive", "disabled", "between_tools"})
_TIERS: Final = {"auto": "auto", "standard_only": "default"}
_NAMES: Final = {
    "stop": "stop_sequences",
    "answer": "output_config.format",
    "effort": "thinking",
    "shown": "thinking.display",
    "tier": "service_tier",
    "choice": "tool_choice",
    "parallel": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
}
_LOOKED_UP: Final = frozenset({"web_search", "web_fetch", "tool_search_tool_regex", "tool_search_tool_bm25"})
_FOUND: Final = frozenset({"web_search_tool_result", "web_fetch_tool_result", "tool_search_tool_result"})
_KEPT: Final = {
    "container": "containers",
    "mcp_servers": "MCP servers",
    "thread": "threads",
    "inference_geo": "region to answer from",
}


def read(body: bytes, losses: Losses) -> Conversation:
    fields = read_body(body)
    for name, what in _KEPT.items():
        if fields.get(name) is not None:
            raise refused(name, f"the upstream has no {what}; leave it out")
    items: list[Item] = []
    if parts := read_content(fields.get("system"), losses):
        items.append(Message("system", parts, "system"))
    items += _read_messages(fields.need("messages"), losses)
    limit = fields.need("max_tokens")
    if limit.whole() == 0:
        raise refused("max_tokens", "the upstream fills no cache ahead of time; ask for at least one token")
    choice, parallel = read_choice(fields.get("tool_choice"))
    answer, level = _read_output(fields, losses)
    found = Conversation(
        model=fields.need("model").text(),
        items=items,
        tools=read_tools(fields, losses),
        choice=choice,
        parallel=parallel,
        max_tokens=limit.raw,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.whole("top_k"),
        stop=tuple(stop.text() for stop in fields.items("stop_sequences")),
        answer=answer,
        effort=_read_thinking(fields.get("thinking"), level, losses),
        tier=_read_tier(fields.get("service_tier"), losses),
        user=_read_user(fields.get("metadata"), losses),
        stream=fields.flag("stream"),
        names=_NAMES,
    )
    fields.close(losses, EXTRA)
    return found


def _read_messages(value: Value, losses: Losses) -> list[Item]:
    items: list[Item] = []
    for each in value.items():
        message = each.fields()
        role = _ROLES[word(message.need("role"), _ROLES)]
        content = message.need("content")
        if content.kind == "list":
            items += _read_blocks(role, content, losses)
        else:
            items.append(Message(role, read_content(content, losses), content.path))
        message.close(losses, EXTRA)
    return items


def _read_blocks(role: Role, content: Value, losses: Losses) -> Sequence[Item]:
    items: list[Item] = []
    said: list[Part] = []

    def say() -> None:
        if said:
            items.append(Message(role, tuple(said), content.path))
            said.clear()

    for value in content.items():
        block = value.fields()
        kind = block.need("type").text()
        if (parts := read_block(kind, block, losses)) is not None:
            said += parts
        elif (item := _read_item(kind, block, losses)) is not None:
            say()
            items.append(item)
        block.close(losses, EXTRA)
    say()
    return items


def _read_item(kind: str, block: Fields, losses: Losses) -> Item | None:
    match kind:
        case "thinking":
            signature = block.text("signature")
            seal = opened(signature, "anthropic") if signature else None
            return Reasoning(block.need("thinking").text(), seal=seal, path=block.path)
        case "redacted_thinking":
            return Reasoning(seal=opened(block.need("data").text(), "anthropic", redacted=True), path=block.path)
        case "tool_use":
            block.skip("caller")
            given = bytes(block.need("input").object()).decode()
            id, name = block.need("id").text(), block.need("name").text()
            return ToolCall(id, name, given, cache=read_mark(block), path=block.path)
        case "tool_result":
            return ToolResult(
                block.need("tool_use_id").text(),
                read_content(block.get("content"), losses),
                is_error=bool(block.flag("is_error")),
                cache=read_mark(block),
                path=block.path_of("content"),
            )
        case "server_tool_use" if block.need("name").text() in _LOOKED_UP:
            _leave_out(block, losses)
        case _ if kind in _FOUND:
            _leave_out(block, losses)
        case _:
            raise refused(block.path, f"only the Messages API has {kind[:64]} blocks; leave it out")
    return None


def _leave_out(block: Fields, losses: Losses) -> None:
    losses.note(block.path, "what was looked up is in the answer that follows")
    block.skip(*block.unread())


def _read_output(fields: Fields, losses: Losses) -> tuple[AnswerFormat | None, str | None]:
    """The format of the answer and the level of effort."""
    config = fields.get("output_config")
    output = config.fields() if config is not None else None
    level = output.text("effort") if output is not None else None
    wanted = output.get("format") if output is not None else None
    if output is not None:
        output.close(losses, EXTRA)
    # Its name before it was part of the API proper.
    wanted = wanted or fields.get("output_format")
    if wanted is None:
        return None, level
    format = wanted.fields()
    word(format.need("type"), frozenset({"json_schema"}))
    answer = AnswerFormat("schema", format.need("schema").object(), strict=True)
    format.close(losses, EXTRA)
    return answer, level


def _read_thinking(value: Value | None, level: str | None, losses: Losses) -> Effort | None:
    if value is None:
        return Effort(level=level) if level is not None else None
    thinking = value.fields()
    shown = "auto" if thinking.text("display") == "summarized" else None
    kind = word(thinking.need("type"), _THINKING)
    budget = thinking.need("budget_tokens").whole() if kind == "enabled" else None
    thinking.close(losses, EXTRA)
    if kind == "disabled":
        if level is not None:
            losses.note("output_config.effort", "the upstream's API has one level of effort, and thinking is off")
        return Effort(level="none")
    if kind == "between_tools":
        losses.note(value.path, "the upstream thinks when it thinks fit")
    return Effort(level=level, budget=budget, adaptive=kind == "adaptive", shown=shown)


def _read_tier(value: Value | None, losses: Losses) -> str | None:
    return _TIERS[word(value, _TIERS)] if value is not None else None


def _read_user(value: Value | None, losses: Losses) -> str | None:
    if value is None:
        return None
    metadata = value.fields()
    user = metadata.text("user_id")
    metadata.close(losses, EXTRA)
    return user
