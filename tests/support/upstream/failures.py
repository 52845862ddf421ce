"""Errors as providers report them: `error(429, retry_after=1)`, in the shape of the API that was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.anthropic_headers import anthropic_headers
from tests.support.upstream.paths import api_of
from tests.support.upstream.received import Received


@dataclass(frozen=True)
class _Kind:
    """How both APIs name what a status means."""

    message: str
    openai: str
    code: str | None
    anthropic: str


_KINDS: Mapping[int, _Kind] = {
    400: _Kind("The request is not valid.", "invalid_request_error", None, "invalid_request_error"),
    401: _Kind("Incorrect API key provided.", "invalid_request_error", "invalid_api_key", "authentication_error"),
    403: _Kind("This key may not do that.", "permission_error", "permission_denied", "permission_error"),
    404: _Kind("The model does not exist.", "invalid_request_error", "model_not_found", "not_found_error"),
    413: _Kind("The request is too large.", "invalid_request_error", "request_too_large", "request_too_large"),
    422: _Kind("The request cannot be processed.", "invalid_request_error", "unprocessable", "invalid_request_error"),
    429: _Kind("Rate limit reached.", "requests", "rate_limit_exceeded", "rate_limit_error"),
    529: _Kind("The service is overloaded.", "server_error", "overloaded", "overloaded_error"),
}
_SERVER = _Kind("The server had an error.", "server_error", "server_error", "api_error")


@dataclass(frozen=True)
class Failure:
    """An error reply; what is None is filled in by the status."""

    status: int
    message: str | None
    type: str | None
    code: str | None
    param: str | None
    headers: Mapping[str, str]

    def __call__(self, request: Received) -> Answer:
        kind = _KINDS.get(self.status, _SERVER)
        message = self.message or kind.message
        if api_of(request.path) == "messages":
            body = anthropic_error_body(message, type=self.type or kind.anthropic, request=request)
            usual = dict(anthropic_headers(request))
        else:
            usual = {}
            body = error_body(message, type=self.type or kind.openai, code=self.code or kind.code, param=self.param)
        return document(body, status=self.status, headers={**usual, **self.headers})


def error(
    status: int,
    message: str | None = None,
    *,
    type: str | None = None,
    code: str | None = None,
    param: str | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Failure:
    """`retry_after` is in seconds and becomes that header. For a body of another shape use `raw` or `document`."""
    waiting = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return Failure(status, message, type, code, param, {**waiting, **(headers or {})})


def lacks(name: str) -> Failure:
    """Of a request without the parameter of this name."""
    return error(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def error_body(message: str, *, type: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


def anthropic_error_body(message: str, *, type: str, request: Received) -> dict[str, Any]:
    return {"type": "error", "error": {"type": type, "message": message}, "request_id": f"req_{request.number}"}
