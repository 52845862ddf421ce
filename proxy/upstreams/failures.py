"""What a client is told when a provider fails: the provider's own words where it has any, never its URL or our key."""

import errno
import math
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from proxy.upstreams.attempts import UpstreamFailed
from proxy.upstreams.headers import coming_down

_LONGEST_QUOTE: Final = 300
_MASK: Final = "***"
_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
_RETRY: Final = frozenset({408, 409, 429})
_NO_RETRY: Final = frozenset({501, 505})
_FALL_BACK: Final = frozenset({401, 404})
"""The key or the model is gone at this provider; the same request may be fine at another."""


class Scrubber:
    """Takes a provider's secrets and the address of its `host` out of what it says; links to documentation stay."""

    def __init__(self, secrets: Iterable[str], host: str) -> None:
        long_enough = sorted((secret for secret in secrets if len(secret) >= 8), key=len, reverse=True)
        address = [rf"(?<![\w.-])(https?://)?{re.escape(host)}(?![\w.-])[^\s\"'<>)\],;]*"] if host else []
        self._unsayable = re.compile("|".join([*map(re.escape, long_enough), *address]) or r"(?!)")

    def __call__(self, text: str) -> str:
        return self._unsayable.sub(_MASK, text)

    def document(self, body: bytes) -> bytes:
        """The same for text that may be none; what is not UTF-8 has nothing of ours in it."""
        try:
            return self(body.decode()).encode()
        except UnicodeDecodeError:
            return body


def of_status(provider: str, status: int, headers: Mapping[str, str], body: bytes, scrub: Scrubber) -> UpstreamFailed:
    """The error that a provider answered with, its type, code and message kept."""
    said = _error_of(body)
    message = said.get("message")
    if not isinstance(message, str) or not message:
        message = f"provider {provider!r} answered {status}{_summary(body)}"
    failed = UpstreamFailed(
        status,
        scrub(message),
        type=_text(said.get("type")) or _TYPES.get(status) or ("server_error" if status >= 500 else "upstream_error"),
        param=_text(said.get("param")),
        code=_text(said.get("code")) or _code_in(said.get("details")),
        headers=coming_down(headers),
    )
    fault = status >= 500 and status not in _NO_RETRY
    wanted = headers.get("x-should-retry", "").lower()
    retry = (fault or status in _RETRY or wanted == "true") and wanted != "false"
    failed.may(retry=retry, fall_back=fault or status in _RETRY or status in _FALL_BACK, fault=fault)
    failed.asked_wait = _asked_wait(headers)
    return failed


def redirected(provider: str, status: int) -> UpstreamFailed:
    return UpstreamFailed(
        502,
        f"provider {provider!r} answered with a redirect ({status}), which is not followed; set its base_url to the "
        "address it redirects to",
        type="upstream_error",
        code="upstream_redirected",
    ).may(fall_back=True)


def no_status(provider: str, status: int) -> UpstreamFailed:
    """What is neither an answer nor an error of HTTP."""
    return UpstreamFailed(
        502,
        f"provider {provider!r} answered with the status {status}, which means nothing here; check its base_url",
        type="upstream_error",
        code="upstream_invalid",
    ).may(fall_back=True, fault=True)


def unreachable(provider: str, why: str) -> UpstreamFailed:
    return UpstreamFailed(
        502, f"provider {provider!r} cannot be reached: {why}", type="upstream_error", code="upstream_unreachable"
    ).may(retry=True, fault=True)


def hung_up(provider: str) -> UpstreamFailed:
    return UpstreamFailed(
        502,
        f"provider {provider!r} closed the connection without an answer",
        type="upstream_error",
        code="upstream_disconnected",
    ).may(retry=True, fault=True)


def broke(provider: str, why: str) -> UpstreamFailed:
    """A whole answer that ended half way: what was generated is lost, and it is not asked for twice."""
    return UpstreamFailed(502, f"provider {provider!r}: {why}", type="upstream_error", code="upstream_broke").may(
        fault=True
    )


def not_http(provider: str) -> UpstreamFailed:
    return UpstreamFailed(
        502,
        f"provider {provider!r} answered with something that is not HTTP; check its base_url",
        type="upstream_error",
        code="upstream_invalid",
    ).may(fall_back=True, fault=True)


def not_json(provider: str, content_type: str, body: bytes) -> UpstreamFailed:
    return UpstreamFailed(
        502,
        f"provider {provider!r} answered with {content_type or 'an unnamed type'} where a JSON object was expected; "
        f"check its base_url{_summary(body)}",
        type="upstream_error",
        code="upstream_invalid",
    ).may(fall_back=True)


def silent(provider: str, seconds: float) -> UpstreamFailed:
    return UpstreamFailed(
        504,
        f"provider {provider!r} did not begin to answer within {seconds:g} s; raise timeout.first_byte if it is slow",
        type="timeout_error",
        code="upstream_timeout",
    ).may(fall_back=True, fault=True)


def busy(provider: str, connections: int, seconds: float) -> UpstreamFailed:
    return UpstreamFailed(
        503,
        f"all {connections} connections to provider {provider!r} were in use for {seconds:g} s; raise max_connections",
        type="upstream_error",
        code="upstream_busy",
        headers={"retry-after": "1"},
    ).may(fall_back=True, fault=None)


def resting(provider: str, wait: float) -> UpstreamFailed:
    """The breaker is open."""
    return UpstreamFailed(
        503,
        f"provider {provider!r} failed repeatedly and is left alone for now",
        type="upstream_error",
        code="upstream_resting",
        headers={"retry-after": str(max(1, math.ceil(wait)))},
    ).may(fall_back=True)


def unexpected(provider: str, error: Exception) -> UpstreamFailed:
    """An error of a kind that nobody foresaw."""
    return UpstreamFailed(
        502,
        f"the call to provider {provider!r} failed with {type(error).__name__}",
        type="upstream_error",
        code="upstream_failed",
    ).may(fall_back=True, fault=True)


def unavailable(provider: str, remedy: str) -> UpstreamFailed:
    return UpstreamFailed(
        503, f"provider {provider!r} is not available: {remedy}", type="upstream_error", code="upstream_unavailable"
    ).may(fall_back=True)


def unspoken(provider: str, api: str) -> UpstreamFailed:
    """The provider has no such API, and none that calls in it could be converted to."""
    return UpstreamFailed(
        404,
        f"provider {provider!r} does not serve {api}, as its apis say; use a model of another provider",
        type="not_found_error",
        param="model",
        code="unsupported_api",
    ).may(fall_back=True)


def reason(error: OSError) -> str:
    """Why the operating system gave no connection, without the address."""
    if error.errno == errno.ECONNREFUSED:
        return "the connection was refused; is it running?"
    return os.strerror(error.errno) if error.errno else "the connection failed"


def _error_of(body: bytes) -> dict[str, Any]:
    """The error object of the documents that providers send: OpenAI's, Anthropic's, and looser ones."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if isinstance(document, list) and document:
        document = document[0]  # As some of Google's endpoints answer.
    if not isinstance(document, dict):
        return {}
    error = document.get("error", document)
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return {}
    if not error.get("message"):
        detail = error.get("detail") or error.get("msg")
        if detail:
            return {**error, "message": detail if isinstance(detail, str) else orjson.dumps(detail).decode()}
    return error


def _text(value: object) -> str | None:
    if isinstance(value, str) and value:
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _code_in(details: object) -> str | None:
    """Where Anthropic puts it."""
    return _text(details.get("error_code")) if isinstance(details, dict) else None


def _summary(body: bytes) -> str:
    """A few words of a page that is not JSON: its text without tags."""
    text = body[:65_536].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
    text = re.sub(r"[\s\x00-\x1f]+", " ", text).strip()
    if not text:
        return ""
    return f": {text[:_LONGEST_QUOTE]}…" if len(text) > _LONGEST_QUOTE else f": {text}"


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds in `retry-after-ms` or `retry-after`; a date is not read, as it is hours away or a clock is wrong."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < math.inf:
            return seconds
    return None
