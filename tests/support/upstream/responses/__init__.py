"""OpenAI's Responses API: a scripted answer as one document or as its events, and the routes of what was stored."""

from tests.support.upstream.responses.render import render
from tests.support.upstream.responses.routes import unscripted

__all__ = ["render", "unscripted"]
