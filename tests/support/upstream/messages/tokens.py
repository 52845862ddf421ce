"""`POST /v1/messages/count_tokens`: what the same request would cost as a message."""

from dataclasses import replace

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.anthropic_headers import anthropic_headers
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import error
from tests.support.upstream.messages.checks import refusal
from tests.support.upstream.received import Received


def count_tokens(request: Received) -> Answer:
    try:
        asked = asked_of(request)
    except ValueError as problem:
        return error(400, f"The request body is not valid JSON: {problem}")(request)
    for name in ("model", "messages"):
        if not asked.document.get(name):
            return error(400, f"{name}: Field required")(request)
    if (refused := refusal(asked.document, request.memory)) is not None:
        return refused(request)
    counted = document({"input_tokens": asked.words})
    return replace(counted, headers=(*counted.headers, *anthropic_headers(request)))
