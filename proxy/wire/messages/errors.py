"""How clients of this API are told of an error. Source: https://platform.claude.com/docs/en/api/errors."""

from typing import Final

import orjson

from proxy.errors import ApiError

_OF_STATUS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_TYPES: Final = frozenset(_OF_STATUS.values()) - {"invalid_request_error"}
"""Those that say more than a status does. `api_error` is what is left for the rest."""


def error_document(error: ApiError, request_id: str) -> bytes:
    """`code` stands where Anthropic's own codes do, in `details`; it and `param` are also given as elsewhere here."""
    told: dict[str, object] = {"type": error_type(error), "message": error.message}
    if error.param is not None:
        told["param"] = error.param
    if error.code is not None:
        told["code"] = error.code
        told["details"] = {"error_code": error.code}
    return orjson.dumps({"type": "error", "error": told, "request_id": request_id})


def error_type(error: ApiError) -> str:
    if error.type in _TYPES:
        return error.type
    return _OF_STATUS.get(error.status) or ("api_error" if error.status >= 500 else "invalid_request_error")
