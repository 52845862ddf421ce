"""The `response` object around an answer that another API gave: what does not change in it is written once."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from proxy.wire.convert.pieces import Reason, Spent
from proxy.wire.responses.resource import begun

_dumps: Final = msgspec.json.Encoder().encode

_CUT: Final[dict[Reason, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseObject:
    """`asked` is the request, whose settings are said back."""

    def __init__(self, asked: bytes, id: str, created: int) -> None:
        self._fields: dict[str, Any] = begun(asked, id=f"resp_{id}", created_at=created)
        for changing in ("status", "incomplete_details", "output", "usage"):
            del self._fields[changing]
        self._head = _dumps(self._fields)[:-1]

    def begin(self, model: str) -> None:
        """The model that answers, as the upstream calls it."""
        if model:
            self._fields["model"] = model
            self._head = _dumps(self._fields)[:-1]

    def serve_in(self, tier: str | None) -> None:
        """The tier in which the upstream says it has answered."""
        if tier is not None:
            self._fields["service_tier"] = tier
            self._head = _dumps(self._fields)[:-1]

    def in_progress(self) -> bytes:
        return self._written(b'"in_progress"', b"null", (), b"null")

    def finished(self, reason: Reason, output: Sequence[bytes], usage: Spent | None) -> bytes:
        spent = _dumps(_usage(usage)) if usage is not None else b"null"
        if reason in _CUT:
            return self._written(b'"incomplete"', _dumps({"reason": _CUT[reason]}), output, spent)
        return self._written(b'"completed"', b"null", output, spent)

    def _written(self, status: bytes, incomplete: bytes, output: Sequence[bytes], usage: bytes) -> bytes:
        parts = (self._head, status, incomplete, b",".join(output), usage)
        return b'%b,"status":%b,"incomplete_details":%b,"output":[%b],"usage":%b}' % parts


def _usage(spent: Spent) -> dict[str, Any]:
    return {
        "input_tokens": spent.input,
        "input_tokens_details": {"cached_tokens": spent.cached, "cache_write_tokens": spent.written},
        "output_tokens": spent.output,
        "output_tokens_details": {"reasoning_tokens": spent.reasoning},
        "total_tokens": spent.input + spent.output,
    }
