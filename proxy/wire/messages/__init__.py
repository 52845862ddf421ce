"""Anthropic's Messages API. Source: https://platform.claude.com/docs/en/api/messages."""

from proxy.wire.messages.answer import MessagesChunk, MessagesCompletion
from proxy.wire.messages.format import MessagesFormat
from proxy.wire.messages.request import MessagesRequest

__all__ = ["MessagesChunk", "MessagesCompletion", "MessagesFormat", "MessagesRequest"]
