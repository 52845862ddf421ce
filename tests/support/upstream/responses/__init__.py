"""OpenAI's Responses API: a scripted answer as one document or as its events, and the routes of what was stored."""

from tests.support.upstream.responses.conversations import conversations
from tests.support.upstream.responses.kept import kept_responses
from tests.support.upstream.responses.render import render

__all__ = ["conversations", "kept_responses", "render"]
