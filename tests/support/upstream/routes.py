"""What answers a request that no test scripted."""

from collections.abc import Mapping, Sequence

from tests.support.upstream.answer import Answer, Reply
from tests.support.upstream.catalogue import echo, listing
from tests.support.upstream.embeddings import embeddings
from tests.support.upstream.failures import error
from tests.support.upstream.fields import wrong_field
from tests.support.upstream.messages import count_tokens
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
)
from tests.support.upstream.received import Received
from tests.support.upstream.responses import compact, conversations, input_tokens, kept_responses

_MADE: Mapping[str, Reply] = {
    CHAT: obliging,
    RESPONSES: obliging,
    MESSAGES: obliging,
    COMPLETIONS: obliging,
    EMBEDDINGS: embeddings,
    COMPACT: compact,
    INPUT_TOKENS: input_tokens,
    COUNT_TOKENS: count_tokens,
}


def unscripted(request: Received, models: Sequence[str]) -> Reply:
    path = request.path
    if request.method == "POST" and path in _MADE:
        return _of_a_document(_MADE[path])
    if path.startswith(f"{RESPONSES}/"):
        return kept_responses
    if path == CONVERSATIONS or path.startswith(f"{CONVERSATIONS}/"):
        return conversations
    if request.method in {"GET", "HEAD"} and (path == "/v1/models" or path.startswith("/v1/models/")):
        return lambda request: listing(models, request)
    return echo


def _of_a_document(reply: Reply) -> Reply:
    """Refuses a body that is no JSON object, or has a field that no API takes so."""

    def read(request: Received) -> Answer:
        try:
            sent = request.json()
        except ValueError as problem:
            return error(400, f"We could not parse the JSON body of your request: {problem}")(request)
        if not isinstance(sent, dict):
            return error(400, f"The JSON body of your request is no object: {type(sent).__name__}")(request)
        if (name := wrong_field(sent)) is not None:
            return error(400, f"Invalid type or value for '{name}'.", code="invalid_value", param=name)(request)
        try:
            return reply(request)
        except (AttributeError, LookupError, TypeError, ValueError) as problem:
            # Deeper in the document something has a shape that no API knows.
            return error(400, f"We could not read your request: {problem!r}")(request)

    return read
