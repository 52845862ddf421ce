"""The text-completions API, which came before chat. Source: https://platform.openai.com/docs/api-reference/completions."""

from proxy.wire.completions.answer import CompletionsChunk, TextCompletion
from proxy.wire.completions.format import CompletionsFormat
from proxy.wire.completions.request import CompletionsRequest

__all__ = ["CompletionsChunk", "CompletionsFormat", "CompletionsRequest", "TextCompletion"]
