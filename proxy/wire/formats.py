"""All the APIs that clients speak here, by name."""

from collections.abc import Mapping
from typing import Final

from proxy.wire.chat import ChatFormat
from proxy.wire.completions import CompletionsFormat
from proxy.wire.embeddings import EmbeddingsFormat
from proxy.wire.format import WireFormat
from proxy.wire.messages import MessagesFormat
from proxy.wire.messages.user import user_of
from proxy.wire.plain import Head, PlainFormat, openai_user
from proxy.wire.responses import ResponsesFormat


def _anthropic_user(head: Head) -> str | None:
    return user_of(head.metadata)


CHAT: Final[WireFormat] = ChatFormat()
RESPONSES: Final[WireFormat] = ResponsesFormat()
MESSAGES: Final[WireFormat] = MessagesFormat()
FORMATS: Final[Mapping[str, WireFormat]] = {
    format.name: format
    for format in (
        CHAT,
        RESPONSES,
        MESSAGES,
        EmbeddingsFormat(),
        CompletionsFormat(),
        PlainFormat("count_tokens", "messages/count_tokens", MESSAGES, _anthropic_user),
        PlainFormat("compact", "responses/compact", RESPONSES, openai_user),
        PlainFormat("input_tokens", "responses/input_tokens", RESPONSES, openai_user, needs_model=False),
    )
}


def errors_of(path: str, *, anthropic: bool) -> WireFormat:
    """The API in whose shape a client is told of an error on a route below `/v1/`.

    `anthropic`: whether the client sent an `anthropic-version`, as its library does on every route.
    """
    api, _, _ = path.partition("/")
    match api:
        case "messages":
            return MESSAGES
        case "responses" | "conversations":
            return RESPONSES
    return MESSAGES if anthropic else CHAT
