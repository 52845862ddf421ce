"""What a client is told when a call cannot be answered: one shape, rendered by the wire format it speaks."""

from collections.abc import Mapping


class ApiError(Exception):
    """An error answer. `type` and `code` follow the OpenAI error reference; `param` names the offending field."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.headers = dict(headers or {})


class BadRequest(ApiError):
    """400: the request cannot be understood; the message names the field and what it should be."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(400, message, param=param, code=code)


class UpstreamBroke(Exception):
    """The upstream failed after its reply had begun. `document` is the error it sent, where it sent one."""

    def __init__(self, message: str, document: bytes | None = None) -> None:
        super().__init__(message)
        self.document = document
