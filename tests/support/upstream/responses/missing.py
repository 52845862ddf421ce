"""What OpenAI says of a thing it does not have: an error without a code, unlike that of an unknown model."""

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.failures import error_body


def missing(message: str, *, param: str | None = None) -> Answer:
    return document(error_body(message, type="invalid_request_error", param=param), status=404)
