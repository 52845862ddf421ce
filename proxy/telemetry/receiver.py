"""An OTLP/HTTP receiver, spoken to over one connection that is kept open.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp (which answers are to be tried again, and when).
"""

import gzip
import http.client
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_RETRYABLE: Final = frozenset({429, 502, 503, 504})
_PATH: Final = "/v1/traces"


class Answer(NamedTuple):
    """`accepted`, or not: then `again` tells whether trying again makes sense, and after how long if it said."""

    accepted: bool
    again: bool = False
    wait: float | None = None
    reason: str = ""


class Receiver:
    """`endpoint` is the base URL, such as http://127.0.0.1:4318, or the whole URL of the traces."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], *, compress: bool = False, timeout: float = 10.0
    ) -> None:
        url = urlsplit(endpoint)
        path = url.path.rstrip("/")
        self._path = path if path.endswith(_PATH) else path + _PATH
        self._headers = {**headers, "content-type": "application/x-protobuf", "user-agent": "burnish"}
        if compress:
            self._headers["content-encoding"] = "gzip"
        self._compress = compress
        make = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._connection = make(url.hostname or "", url.port, timeout=timeout)

    def post(self, request: bytes) -> Answer:
        """Never raises for what a receiver or a network can do."""
        body = gzip.compress(request, 1) if self._compress else request
        try:
            return self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Answer(False, again=True, reason=f"{type(error).__name__}: {error}".rstrip(": "))

    def close(self) -> None:
        self._connection.close()

    def _post(self, body: bytes) -> Answer:
        try:
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # A receiver may close an idle connection any time; a fresh one decides.
            self._connection.close()
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
        said = answer.read()
        if answer.status == 200:
            return Answer(True, reason=_rejected(said))
        reason = f"HTTP {answer.status} {said[:200].decode(errors='replace')}".strip()
        return Answer(False, answer.status in _RETRYABLE, _seconds(answer.headers.get("retry-after")), reason)


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.strip().isdecimal() else None


def _rejected(said: bytes) -> str:
    """What a receiver that took the request says it left out."""
    if not said:
        return ""
    # Imported only for the rare answer with a body: it costs 8 MB.
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        partial = ExportTraceServiceResponse.FromString(said).partial_success
    except DecodeError:
        return ""
    if not partial.rejected_spans:
        return ""
    return f"{partial.rejected_spans} spans rejected: {partial.error_message}"
