"""The caller's trace, where it sent one. Source: https://www.w3.org/TR/trace-context/#traceparent-header."""

import re
from typing import Final

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)


def parent_of(traceparent: bytes | None, run_id: str) -> tuple[str, str | None]:
    """(trace id, parent span id): the caller's where its header is well-formed, else a trace of the run's own.

    Its sampled flag is not asked: the record holds every call.
    """
    if traceparent is not None and (found := _TRACEPARENT.fullmatch(traceparent.strip())):
        return found[1].decode(), found[2].decode()
    return run_id, None
