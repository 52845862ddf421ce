"""Anthropic's Messages API: a scripted answer as one message or as its events, and the count of a request's tokens."""

from tests.support.upstream.messages.render import render
from tests.support.upstream.messages.tokens import count_tokens

__all__ = ["count_tokens", "render"]
