"""OpenAI's Responses API: a scripted answer as one document or as its events, and the routes of what was stored."""

from tests.support.upstream.responses.compaction import compact
from tests.support.upstream.responses.conversations import conversations
from tests.support.upstream.responses.kept import kept_responses
from tests.support.upstream.responses.render import render
from tests.support.upstream.responses.tokens import input_tokens

__all__ = ["compact", "conversations", "input_tokens", "kept_responses", "render"]
