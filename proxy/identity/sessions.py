"""Which session a call belongs to, and which earlier call its tool results answer.

A header says it, a vendor's header, a field of the body; most clients say nothing, and then the transcript does: a call
without an assistant message opens a session, and a later call joins the session whose transcript it extends.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from middleware.exchange import Previous
from middleware.messages import ChatRequest, Completion
from proxy.errors import BadRequest
from records.run import SessionSource
from stores.transcripts import Seen, Transcripts

_OWN_HEADER: Final = b"x-burnish-session"
_HEADERS: Final = (
    _OWN_HEADER,
    b"session-id",
    b"session_id",
    b"thread-id",
    b"x-session-id",
    b"x-session-affinity",
    b"x-conversation-id",
)
_SESSION_HEADERS: Final = frozenset(_HEADERS)
_LONGEST: Final = 256


class Session(NamedTuple):
    """A session as found: its id, how it was found, and the call whose tools this one brings results of."""

    id: str
    source: SessionSource
    previous: Previous | None = None


class Sessions:
    """Finds the session of a call, and remembers each answer so that the next call can be found.

    `scope` sets apart what must never be joined: the agent and the user, hashed together.
    """

    def __init__(self, transcripts: Transcripts, idle_ns: int) -> None:
        self._transcripts = transcripts
        self._idle_ns = idle_ns

    def find(
        self, request: ChatRequest, headers: Mapping[bytes, bytes], *, scope: bytes, run_id: str, now_ns: int
    ) -> Session:
        roles = request.roles
        asked = self._asker(request, scope, now_ns) if "tool" in roles else None
        previous = None if asked is None else Previous(asked.run_id, asked.trace_id, asked.ended_ns, asked.asked)
        if not _SESSION_HEADERS.isdisjoint(headers):
            name = next(name for name in _HEADERS if name in headers)
            source: SessionSource = "header" if name == _OWN_HEADER else "vendor"
            return Session(_readable(name, headers[name]), source, previous)
        if request.conversation:
            return Session(request.conversation, "body", previous)
        if "assistant" not in roles:
            return Session(run_id, "derived", previous)
        seen = asked or self._extended(request, scope, now_ns)
        return Session(seen.session if seen else run_id, "derived", previous)

    def remember(
        self, request: ChatRequest, completion: Completion, *, scope: bytes, session: str, run: Previous
    ) -> None:
        """An answer was given: the next call of its session will carry it."""
        seen = Seen(session, run.run_id, run.trace_id, run.ended_ns, run.asked)
        self._transcripts.put(_digest(scope, *request.fingerprints), completion.fingerprint, seen)
        for call_id in run.asked:
            self._transcripts.put(_asked(scope, call_id), b"", seen)

    def _asker(self, request: ChatRequest, scope: bytes, now_ns: int) -> Seen | None:
        """The call whose tools this call brings results of; a tool call's id is its own proof."""
        for result in request.results:
            if result.call_id and (seen := self._fresh(_asked(scope, result.call_id), b"", now_ns)):
                return seen
        return None

    def _extended(self, request: ChatRequest, scope: bytes, now_ns: int) -> Seen | None:
        """The last call whose question and answer this transcript begins with."""
        transcript = hashlib.blake2b(scope, digest_size=16)
        tips = []
        for role, fingerprint in zip(request.roles, request.fingerprints, strict=True):
            if role == "assistant":
                tips.append((transcript.copy().digest(), fingerprint))
            transcript.update(fingerprint)
        found = (self._fresh(question, answer, now_ns) for question, answer in reversed(tips))
        return next((seen for seen in found if seen is not None), None)

    def _fresh(self, question: bytes, answer: bytes, now_ns: int) -> Seen | None:
        return self._transcripts.take(question, answer, not_before_ns=now_ns - self._idle_ns)


def scope_of(agent: str, user: str | None) -> bytes:
    return _digest(agent.encode(), b"\0", (user or "").encode())


def _asked(scope: bytes, call_id: str) -> bytes:
    return _digest(scope, b"call\0", call_id.encode("utf-8", "surrogatepass"))


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()


def _readable(name: bytes, value: bytes) -> str:
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST:
        raise BadRequest(f"{name.decode()}: must be 1 to {_LONGEST} printable ASCII characters", param=name.decode())
    return text
