"""`POST /v1/responses/input_tokens`: what the same request would cost as a response, before its answer."""

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.asked import asked_of
from tests.support.upstream.received import Received
from tests.support.upstream.responses.checks import refusal


def input_tokens(request: Received) -> Answer:
    asked = asked_of(request)
    if (refused := refusal(asked.document, request)) is not None:
        return refused
    return document({"object": "response.input_tokens", "input_tokens": asked.words})
