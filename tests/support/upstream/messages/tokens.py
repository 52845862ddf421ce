"""`POST /v1/messages/count_tokens`: what the same request would cost as a message."""

from dataclasses import replace

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.anthropic_headers import anthropic_headers
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import lacks
from tests.support.upstream.messages.checks import refusal
from tests.support.upstream.received import Received


def count_tokens(request: Received) -> Answer:
    asked = asked_of(request)
    for name in ("model", "messages"):
        if not asked.document.get(name):
            return lacks(name)(request)
    if (refused := refusal(asked.document, request)) is not None:
        return refused
    counted = document({"input_tokens": asked.words})
    return replace(counted, headers=(*counted.headers, *anthropic_headers(request)))
