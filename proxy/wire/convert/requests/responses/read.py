"""Reads a Responses request. Source: https://platform.openai.com/docs/api-reference/responses/create."""

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.wire.convert.conversation import AnswerFormat, Conversation, Effort, Item, Message, Text
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.media import EXTRA
from proxy.wire.convert.requests.reading import Fields, Value, read_body, word
from proxy.wire.convert.requests.responses.items import Referred, read_items
from proxy.wire.convert.requests.responses.offers import Offers, read_choice

_FORMATS: Final = frozenset({"text", "json_object", "json_schema"})
_NAMES: Final = {
    "max_tokens": "max_output_tokens",
    "answer": "text.format",
    "verbosity": "text.verbosity",
    "effort": "reasoning.effort",
    "shown": "reasoning.summary",
    "tier": "service_tier",
    "choice": "tool_choice",
    "parallel": "parallel_tool_calls",
}
_SHARED: Final = (
    "metadata",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "user",
    "top_logprobs",
)
_LOGPROBS: Final = "message.output_text.logprobs"


def read(body: bytes, losses: Losses, earlier: Sequence[bytes], referred: Referred) -> Conversation:
    """`earlier` are lists of items that come before the input, oldest first."""
    fields = read_body(body)
    _refuse_what_is_kept(fields)
    if fields.text("truncation") == "auto":
        losses.note("truncation", "the upstream shortens no conversations")
    offers = Offers()
    offers.read(fields.items("tools"), losses)
    items = _read_input(fields, offers, losses, earlier, referred)
    choice = read_choice(fields.get("tool_choice"))
    answer, verbosity = _read_text(fields.get("text"), losses)
    shared = {name: value.raw for name in _SHARED if (value := fields.get(name)) is not None}
    found = Conversation(
        model=fields.need("model").text(),
        items=items,
        tools=offers.told(choice),
        choice=choice,
        parallel=fields.flag("parallel_tool_calls"),
        max_tokens=fields.whole("max_output_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        logprobs=_read_include(fields, losses),
        answer=answer,
        verbosity=verbosity,
        effort=_read_effort(fields.get("reasoning"), losses),
        tier=fields.text("service_tier"),
        user=fields.text("safety_identifier") or fields.text("user"),
        stream=fields.flag("stream"),
        shared=shared,
        names=_NAMES,
    )
    # The proxy keeps the response itself, and found what came before.
    fields.skip("store", "previous_response_id")
    fields.close(losses, EXTRA)
    return found


def _refuse_what_is_kept(fields: Fields) -> None:
    if fields.flag("background"):
        raise refused("background", "the upstream answers only while you wait; leave it out")
    for name, what in (("conversation", "conversations"), ("prompt", "prompts")):
        if fields.get(name) is not None:
            raise refused(name, f"the upstream keeps no {what}; send the items themselves")


def _read_input(
    fields: Fields, offers: Offers, losses: Losses, earlier: Sequence[bytes], referred: Referred
) -> list[Item]:
    items: list[Item] = []
    if instructions := fields.text("instructions"):
        items.append(Message("system", (Text(instructions),), "instructions"))
    for place, before in enumerate(earlier):
        values = Value(msgspec.Raw(before), f"previous_response_id[{place}]").items()
        items += read_items(values, offers, losses, referred)
    given = fields.need("input") if not earlier else fields.get("input")
    if given is not None and given.kind == "text":
        items.append(Message("user", (Text(given.text()),), "input"))
    elif given is not None:
        items += read_items(given.items(), offers, losses, referred)
    return items


def _read_text(value: Value | None, losses: Losses) -> tuple[AnswerFormat | None, str | None]:
    if value is None:
        return None, None
    text = value.fields()
    verbosity = text.text("verbosity")
    wanted = text.get("format")
    text.close(losses, EXTRA)
    if wanted is None:
        return None, verbosity
    format = wanted.fields()
    kind = word(format.need("type"), _FORMATS)
    if kind != "json_schema":
        return AnswerFormat("text" if kind == "text" else "json"), verbosity
    found = AnswerFormat(
        "schema",
        format.need("schema").object(),
        format.need("name").text(),
        format.text("description"),
        format.flag("strict"),
    )
    format.close(losses, EXTRA)
    return found, verbosity


def _read_effort(value: Value | None, losses: Losses) -> Effort | None:
    if value is None:
        return None
    reasoning = value.fields()
    effort = Effort(
        level=reasoning.text("effort"), shown=reasoning.text("summary") or reasoning.text("generate_summary")
    )
    reasoning.skip("generate_summary")
    reasoning.close(losses, EXTRA)
    return effort if effort != Effort() else None


def _read_include(fields: Fields, losses: Losses) -> bool:
    """Whether log probabilities are wanted; whatever else may be included, only this API has."""
    logprobs = False
    for value in fields.items("include"):
        if value.text() == _LOGPROBS:
            logprobs = True
        else:
            losses.note(value.path, f"the upstream has no {value.text()[:64]}")
    return logprobs
