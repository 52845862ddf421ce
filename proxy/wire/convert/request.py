"""A request for an upstream that does not speak the client's API, in the words of one that it does speak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.wire.convert.conversation import Conversation
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.requests import chat, messages, responses
from proxy.wire.convert.requests.losses import Losses
from proxy.wire.convert.requests.responses.items import Referred
from proxy.wire.convert.requests.tools import Offered, offered


@dataclass(frozen=True, slots=True)
class ConvertedRequest:
    """`dropped` is what could not be expressed and was left out, each as "field: why". `tools` is what the client calls
    each of its tools, by the name that the upstream knows it by."""

    body: bytes
    dropped: tuple[str, ...]
    tools: Mapping[str, Offered]


def _nothing_kept(id: str) -> None:
    return None


def convert_request(
    body: bytes,
    source: Api,
    target: Api,
    *,
    earlier: Sequence[bytes] = (),
    referred: Referred = _nothing_kept,
    plain_reasoning: bool = False,
) -> ConvertedRequest:
    """Raises `BadRequest`, naming the field, for what is no request, and where its meaning would be lost.

    `earlier`: what `previous_response_id` stands for, as JSON lists of items, oldest first. `referred` finds the items
    that are sent by their ids alone, as the AI SDK does. `plain_reasoning`: the upstream takes reasoning that it did
    not sign or encrypt itself, as open models do and OpenAI and Anthropic refuse.
    """
    losses = Losses()
    talk = _read(body, source, losses, earlier, referred)
    match target:
        case "chat":
            written = chat.write(talk, losses)
        case "responses":
            written = responses.write(talk, losses, plain_reasoning=plain_reasoning)
        case "messages":
            written = messages.write(talk, losses, plain_reasoning=plain_reasoning)
    return ConvertedRequest(written, losses.told(), offered(talk.tools))


def offered_tools(
    body: bytes, api: Api, *, earlier: Sequence[bytes] = (), referred: Referred = _nothing_kept
) -> Mapping[str, Offered]:
    """The `tools` of a `ConvertedRequest`, for who has only what the client sent."""
    return offered(_read(body, api, Losses(), earlier, referred).tools)


def _read(body: bytes, source: Api, losses: Losses, earlier: Sequence[bytes], referred: Referred) -> Conversation:
    match source:
        case "chat":
            return chat.read(body, losses)
        case "responses":
            return responses.read(body, losses, earlier, referred)
        case "messages":
            return messages.read(body, losses)
