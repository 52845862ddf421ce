"""litellm's exceptions as what a client is told: the provider's own error, which they carry in their text."""

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from proxy.upstreams import failures
from proxy.upstreams.attempts import UpstreamFailed

_LONGEST: Final = 300
_PREFIX: Final = re.compile(r"^(litellm\.)?\w*(Error|Exception)\s*(\w*(Error|Exception)\s*)?[:-]\s*")
_SUFFIX: Final = re.compile(r"\.? ?Handle with `litellm\.\w+`\.?.*$", re.DOTALL)
_BYTES: Final = re.compile(r"^b(['\"]).*\1$", re.DOTALL)
_UNREACHED: Final = ("APIConnectionError", "InternalServerError")
"""What litellm raises where no answer came, and where its own code failed; with an answer they have its headers."""


def failed(provider: str, error: Exception, scrub: failures.Scrubber) -> UpstreamFailed:
    """Before an answer began."""
    kind = type(error).__name__
    if kind == "Timeout":
        return failures.unreachable(provider, "litellm's own time limit ran out")
    headers = headers_of(error)
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or not 400 <= status < 600:
        return failures.unexpected(provider, error)
    said = said_by(error)
    if kind in _UNREACHED and headers is None:
        # litellm's text names the address, and may be a traceback.
        return failures.unreachable(provider, "litellm got no answer from it")
    found = failures.of_status(provider, status, headers or {}, said, scrub)
    found.code = found.code or _code(error)
    found.param = found.param or _param(error)
    return found


def said_by(error: Exception) -> bytes:
    """The provider's words in litellm's message, which wraps them: `litellm.RateLimitError: XException - {…}`."""
    text = str(getattr(error, "message", None) or error)
    text = _SUFFIX.sub("", text)
    while (shorter := _PREFIX.sub("", text, count=1)) != text:
        text = shorter
    text = text.strip()
    if _BYTES.match(text):
        with suppress(ValueError, SyntaxError):
            text = ast.literal_eval(text).decode("utf-8", "replace")
    if not text.startswith(("{", "[", "<")):
        # litellm's own words; where its code fails, they are a traceback.
        text = text.partition("\n")[0][:_LONGEST]
    return text.encode()


def headers_of(error: Any) -> Mapping[str, str] | None:
    """Those of the provider's answer; None where there was none."""
    found = getattr(error, "litellm_response_headers", None)
    if found is None:
        response = getattr(error, "response", None)
        found = getattr(response, "headers", None) or None
    return {str(name).lower(): str(value) for name, value in found.items()} if found is not None else None


def _code(error: Any) -> str | None:
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and code and not code.isdigit() else None


def _param(error: Any) -> str | None:
    param = getattr(error, "param", None)
    return param if isinstance(param, str) and param else None
