"""The chat-completions API. Source: https://platform.openai.com/docs/api-reference/chat."""

from proxy.wire.chat.answer import ChatChunk, ChatCompletion
from proxy.wire.chat.format import ChatFormat
from proxy.wire.chat.request import ChatCompletionsRequest

__all__ = ["ChatChunk", "ChatCompletion", "ChatCompletionsRequest", "ChatFormat"]
