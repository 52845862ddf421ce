"""Writes a Messages request. Source: https://platform.claude.com/docs/en/api/messages."""

from typing import Any, Final

import msgspec

from proxy.wire.convert.conversation import Conversation, Message
from proxy.wire.convert.requests import models
from proxy.wire.convert.requests.losses import Losses, refused
from proxy.wire.convert.requests.messages.offers import Marks, write_offers
from proxy.wire.convert.requests.messages.thinking import write_thinking
from proxy.wire.convert.requests.messages.turns import Turns
from proxy.wire.convert.requests.turns import leading

_TIERS: Final = {"auto": "auto", "default": "standard_only"}
_ANY_JSON: Final = "Answer with one JSON object and nothing else: no text around it, no code fence."

_dumps: Final = msgspec.json.Encoder().encode


def write(talk: Conversation, losses: Losses, *, plain_reasoning: bool) -> bytes:
    """Without a limit of the client's own, the limit is the most that the model answers with: the API wants one."""
    model = models.claude(talk.model)
    limit = int(bytes(talk.max_tokens)) if talk.max_tokens is not None else model.longest
    marks = Marks(losses)
    turns = Turns(model, marks, losses, plain_reasoning=plain_reasoning)
    body: dict[str, Any] = {"model": talk.model, "max_tokens": limit}
    write_offers(talk, body, marks, losses)
    first = leading(talk.items)
    system = turns.system([item for item in talk.items[:first] if isinstance(item, Message)])
    if system is not None:
        body["system"] = system
    body["messages"] = turns.written(list(talk.items[first:]))
    marks.settle()
    _write_format(talk, body, losses)
    write_thinking(talk, body, model, losses)
    _write_sampling(talk, body, model, losses)
    _write_rest(talk, body, losses)
    return _dumps(body)


def _write_format(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    answer = talk.answer
    if answer is None or answer.kind == "text":
        return
    path = talk.called("answer")
    if answer.kind == "json":
        body["system"] = _with_line(body.get("system"), _ANY_JSON)
        losses.note(path, "the Messages API has no JSON mode; the model is told to answer with an object")
        return
    if answer.schema is None:
        raise refused(path, "the Messages API wants the schema itself")
    body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": answer.schema}
    # Its name is only a label, and there is but one schema.
    if answer.description is not None:
        losses.note(f"{path}.description", "a schema has no description of its own in the Messages API")
    if answer.strict is False:
        losses.note(f"{path}.strict", "a schema is always kept to in the Messages API")


def _with_line(system: Any, line: str) -> Any:
    if system is None:
        return line
    return f"{system}\n\n{line}" if isinstance(system, str) else [*system, {"type": "text", "text": line}]


def _write_sampling(talk: Conversation, body: dict[str, Any], model: models.Claude, losses: Losses) -> None:
    thinks = body.get("thinking", {}).get("type") in ("enabled", "adaptive")
    for name in ("temperature", "top_p", "top_k"):
        if (value := getattr(talk, name)) is None:
            continue
        if not model.sampling:
            losses.note(talk.called(name), "the model takes none")
        elif thinks:
            losses.note(talk.called(name), "the model takes none while it thinks")
        elif name == "top_p" and "temperature" in body and not model.combines:
            losses.note(talk.called(name), "the model takes none beside a temperature")
        else:
            body[name] = value
    if "temperature" in body and float(bytes(body["temperature"])) > 1:
        body["temperature"] = 1
        losses.note(talk.called("temperature"), "the Messages API takes no more than 1")


def _write_rest(talk: Conversation, body: dict[str, Any], losses: Losses) -> None:
    if talk.logprobs:
        raise refused(talk.called("logprobs"), "the Messages API tells no probabilities; leave it out")
    if talk.stop:
        body["stop_sequences"] = list(talk.stop)
    for name in ("seed", "frequency_penalty", "presence_penalty", "verbosity"):
        if getattr(talk, name) is not None:
            losses.note(talk.called(name), "the Messages API has none")
    for name, value in talk.shared.items():
        if name not in ("safety_identifier", "user") and bytes(value) != b"false":
            losses.note(name, "the Messages API has none")
    if talk.shared.keys() >= {"safety_identifier", "user"}:
        losses.note("user", "the Messages API knows one name for a user, and safety_identifier goes first")
    if talk.user is not None:
        body["metadata"] = {"user_id": talk.user}
    if talk.tier is not None:
        if (tier := _TIERS.get(talk.tier)) is not None:
            body["service_tier"] = tier
        else:
            losses.note(talk.called("tier"), "the Messages API has auto and default")
    if talk.stream is not None:
        body["stream"] = talk.stream
