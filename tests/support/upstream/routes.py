"""What answers a request that no test scripted."""

from collections.abc import Sequence

from tests.support.upstream.answer import Reply
from tests.support.upstream.catalogue import echo, listing
from tests.support.upstream.embeddings import embeddings
from tests.support.upstream.messages import count_tokens
from tests.support.upstream.obliging import obliging
from tests.support.upstream.paths import CHAT, COMPLETIONS, COUNT_TOKENS, EMBEDDINGS, MESSAGES, RESPONSES, api_of
from tests.support.upstream.received import Received
from tests.support.upstream.responses import conversations, kept_responses


def unscripted(request: Received, models: Sequence[str]) -> Reply:
    path = request.path
    if request.method == "POST":
        if path in {CHAT, RESPONSES, MESSAGES, COMPLETIONS}:
            return obliging
        if path == EMBEDDINGS:
            return embeddings
        if path == COUNT_TOKENS:
            return count_tokens
    if path.startswith(f"{RESPONSES}/"):
        return kept_responses
    if api_of(path) == "responses" and path != RESPONSES:
        return conversations
    if request.method in {"GET", "HEAD"} and (path == "/v1/models" or path.startswith("/v1/models/")):
        return lambda request: listing(models, request)
    return echo
