"""What the upstream sends back, down to the single write: an answer is a status, headers and a list of steps."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.support.upstream.gate import Gate
from tests.support.upstream.received import Received


@dataclass(frozen=True)
class Cut:
    """Breaks the connection here: an orderly close (FIN) before the body is complete, or a reset."""

    reset: bool = False


@dataclass(frozen=True)
class Pause:
    """Lets real time pass. For clients with a clock of their own; where the test holds the clock, use a `Gate`."""

    seconds: float


CUT = Cut()
RESET = Cut(reset=True)

Step: TypeAlias = bytes | Gate | Cut | Pause
"""Bytes leave in one write (one HTTP chunk, in a stream); a gate is waited for."""

Reply: TypeAlias = "Callable[[Received], Answer]"
"""Whatever turns a request into an answer. An `Answer` is one too, and so is all that `says()` and its like return."""


@dataclass(frozen=True)
class Answer:
    """Steps happen in order. `before_headers` are done before anything is written."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = ()
    before_headers: tuple[Step, ...] = ()
    streamed: bool = False
    """Streamed: sent in HTTP chunks, of unknown length. Else Content-Length tells the length of all bytes."""

    def __call__(self, request: Received) -> "Answer":
        return self


def document(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that is one JSON document."""
    return Answer(
        status,
        (("content-type", "application/json"), *(headers or {}).items()),
        (json.dumps(body).encode(),),
    )


def raw(body: bytes, *, status: int = 200, content_type: str = "application/octet-stream") -> Answer:
    """An answer of these exact bytes."""
    return Answer(status, (("content-type", content_type),), (body,))


def redirect(to: str, *, status: int = 307) -> Answer:
    return Answer(status, (("location", to),))


def never() -> Answer:
    """Takes the request and says nothing, until the client gives up."""
    return Answer(before_headers=(Gate(),))


def hangs_up(*, reset: bool = False) -> Answer:
    """Takes the request and closes the connection without a word."""
    return Answer(before_headers=(Cut(reset),))
