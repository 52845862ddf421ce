"""A fault-injecting provider on loopback, for tests: it speaks OpenAI's APIs and Anthropic's Messages.

async with Upstream() as upstream:
    upstream.reply(says("a", "b"), error(429, retry_after=1))
    ...
    assert upstream.requests[0].json()["model"] == "small-instruct"
"""

from tests.support.upstream.answer import CUT, RESET, Answer, Pause, Reply, document, hangs_up, never, raw, redirect
from tests.support.upstream.completion import (
    PING,
    Broken,
    Completion,
    Failed,
    Raw,
    calls,
    choices,
    refuses,
    says,
    tool,
    tool_input,
    web_search,
)
from tests.support.upstream.dressing import (
    crlf,
    gzipped,
    held,
    in_pieces,
    with_content_type,
    with_headers,
    without_done,
)
from tests.support.upstream.failures import error
from tests.support.upstream.gate import Gate
from tests.support.upstream.obliging import obliging
from tests.support.upstream.paths import (
    CHAT,
    COMPACT,
    COMPLETIONS,
    CONVERSATIONS,
    COUNT_TOKENS,
    EMBEDDINGS,
    INPUT_TOKENS,
    MESSAGES,
    RESPONSES,
    Api,
)
from tests.support.upstream.received import Received
from tests.support.upstream.server import Upstream, in_thread

__all__ = [
    "CHAT",
    "COMPACT",
    "COMPLETIONS",
    "CONVERSATIONS",
    "COUNT_TOKENS",
    "CUT",
    "EMBEDDINGS",
    "INPUT_TOKENS",
    "MESSAGES",
    "PING",
    "RESET",
    "RESPONSES",
    "Answer",
    "Api",
    "Broken",
    "Completion",
    "Failed",
    "Gate",
    "Pause",
    "Raw",
    "Received",
    "Reply",
    "Upstream",
    "calls",
    "choices",
    "crlf",
    "document",
    "error",
    "gzipped",
    "hangs_up",
    "held",
    "in_pieces",
    "in_thread",
    "never",
    "obliging",
    "raw",
    "redirect",
    "refuses",
    "says",
    "tool",
    "tool_input",
    "web_search",
    "with_content_type",
    "with_headers",
    "without_done",
]
