"""Ways of sending that clients must bear: `crlf(says("a"))`, `in_pieces(says("a"), 7)`, `held(error(500), gate)`.

Each takes a reply and gives a reply, so they nest.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.support.upstream.answer import Answer, Reply, Step
from tests.support.upstream.chat import DONE


def held(reply: Reply, *steps: Step) -> Reply:
    """Does `steps` (gates, pauses) before the headers go out."""
    return _changed(reply, lambda answer: replace(answer, before_headers=(*steps, *answer.before_headers)))


def with_headers(reply: Reply, *headers: tuple[str, str]) -> Reply:
    """Adds header lines; a name may come more than once, as Set-Cookie does."""
    return _changed(reply, lambda answer: replace(answer, headers=(*answer.headers, *headers)))


def with_content_type(reply: Reply, value: str) -> Reply:
    def change(answer: Answer) -> Answer:
        others = tuple(header for header in answer.headers if header[0] != "content-type")
        return replace(answer, headers=(("content-type", value), *others))

    return _changed(reply, change)


def crlf(reply: Reply) -> Reply:
    """Ends the stream's lines with CR LF."""
    return _steps(reply, lambda steps: (s.replace(b"\n", b"\r\n") if isinstance(s, bytes) else s for s in steps))


def without_done(reply: Reply) -> Reply:
    """Ends the stream without its `[DONE]`."""
    return _steps(reply, lambda steps: (step for step in steps if step != DONE))


def in_pieces(reply: Reply, size: int, *, between: Step | None = None) -> Reply:
    """Sends the body in writes of `size` bytes wherever that cuts it, doing `between` (a gate, a pause) after each."""

    def pieces(steps: tuple[Step, ...]) -> Iterator[Step]:
        waiting = b""
        for step in (*steps, None):
            if isinstance(step, bytes):
                waiting += step
                continue
            for start in range(0, len(waiting), size):
                yield waiting[start : start + size]
                if between is not None:
                    yield between
            waiting = b""
            if step is not None:
                yield step

    return _changed(_steps(reply, pieces), lambda answer: replace(answer, streamed=True))


def gzipped(reply: Reply) -> Reply:
    """Compresses the body, each step so that the client can read it at once."""

    def compressed(steps: tuple[Step, ...]) -> Iterator[Step]:
        packer = zlib.compressobj(wbits=31)
        for step in steps:
            yield packer.compress(step) + packer.flush(zlib.Z_SYNC_FLUSH) if isinstance(step, bytes) else step
        yield packer.flush(zlib.Z_FINISH)

    return with_headers(_steps(reply, compressed), ("content-encoding", "gzip"))


def _steps(reply: Reply, change: Callable[[tuple[Step, ...]], Iterator[Step]]) -> Reply:
    return _changed(reply, lambda answer: replace(answer, steps=tuple(change(answer.steps))))


def _changed(reply: Reply, change: Callable[[Answer], Answer]) -> Reply:
    return lambda request: change(reply(request))
