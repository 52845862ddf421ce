"""Which session a call belongs to, and which earlier call its tool results answer.

A header says it, a vendor's header, a field of the body; most clients say nothing, and then the transcript does: a call
without an assistant message opens a session, and a later call joins the session whose transcript it extends.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from middleware.exchange import Bound, Previous
from middleware.messages import ChatRequest, Completion
from proxy.errors import BadRequest
from records.run import SessionSource
from stores.transcripts import Seen, Transcripts

_OWN_HEADER: Final = b"x-burnish-session"
_VENDORS: Final = (
    b"session-id",
    b"session_id",
    b"thread-id",
    b"x-session-id",
    b"x-session-affinity",
    b"x-conversation-id",
    b"x-claude-code-session-id",
)
_SESSION_HEADERS: Final = frozenset((_OWN_HEADER, *_VENDORS))
_LONGEST: Final = 256
_FAILED: Final = 1000
"""Failed calls whose retry is recognised; it comes soon, or never."""


class Session(NamedTuple):
    """A session as found: its id, how it was found, and the call whose tools this one brings results of.

    `joined` is the call it goes on from, where the transcript told, with a digest of the whole transcript. `bound` says
    whom the call may go to alone.
    """

    id: str
    source: SessionSource
    previous: Previous | None = None
    joined: tuple[bytes, Seen] | None = None
    bound: Bound | None = None


class Sessions:
    """Finds the session of a call, and remembers each answer so that the next call can be found.

    `scope` sets apart what must never be joined: the agent and the user, hashed together.
    """

    def __init__(self, transcripts: Transcripts, idle_ns: int) -> None:
        self._transcripts = transcripts
        self._idle_ns = idle_ns
        self._failed: OrderedDict[bytes, Seen] = OrderedDict()

    def find(
        self,
        request: ChatRequest,
        headers: Mapping[bytes, bytes],
        *,
        scope: bytes,
        run_id: str,
        now_ns: int,
        continued: Seen | None = None,
    ) -> Session:
        """`continued`: the call whose answer the request names as the one it goes on from, where that is known.

        Raises `BadRequest` where `x-burnish-session` cannot be a name.
        """
        roles = request.roles
        named = None if _SESSION_HEADERS.isdisjoint(headers) else _named(headers)
        if named is None and request.conversation:
            named = request.conversation, "body"
        if named is None and request.continues:
            named = continued.session if continued else request.continues, "body"
        brings_results = "tool" in roles
        not_before = now_ns - self._idle_ns
        if not brings_results and (named or "assistant" not in roles):
            return self._bound(Session(*named), request, continued, scope) if named else Session(run_id, "derived")
        tips, transcript = _tips(request, scope)
        asked = continued if brings_results else None
        if asked is None and brings_results:
            asked = self._asker(request, tips, scope, not_before)
        previous = None if asked is None else Previous(asked.run_id, asked.trace_id, asked.ended_ns, asked.asked)
        if named:
            return self._bound(Session(*named, previous), request, continued or asked, scope)
        seen = self._failed.pop(transcript, None) or asked or self._extended(tips, not_before)
        if seen is None:
            return Session(run_id, "derived", previous)
        return self._bound(Session(seen.session, "derived", previous, (transcript, seen)), request, seen, scope)

    def remember(
        self, request: ChatRequest, completion: Completion, *, scope: bytes, session: Session, seen: Seen
    ) -> None:
        """An answer was given: the next call of its session will carry it."""
        named, binds = session.source != "derived", request.conversation is not None or completion.bound
        if named and not seen.asked and not binds:
            return
        question = _digest(scope, *request.fingerprints)
        if named and binds:
            self._transcripts.put(_last(scope, session.id), b"", seen)
        elif not named:
            # Who names sessions goes on naming them: a call without a name is another's that began alike.
            self._transcripts.put(question, completion.fingerprint, seen)
            if (reference := completion.reference) is not None:
                self._transcripts.put(_referred(question, reference), reference, seen)
        for call_id in seen.asked:
            self._transcripts.put(_asked(scope, call_id), question, seen)

    def _bound(self, session: Session, request: ChatRequest, seen: Seen | None, scope: bytes) -> Session:
        """The session, with whom the call may go to alone where it carries what only one upstream can read."""
        if not request.bound:
            return session
        if seen is None and session.source != "derived":
            seen = self._transcripts.take(_last(scope, session.id), b"", not_before_ns=0)
        if seen is None or not seen.model:
            return session
        kept = request.continues is not None or request.conversation is not None
        return session._replace(bound=Bound(seen.variant, seen.model, kept))

    def failed(self, session: Session) -> None:
        """No answer was given: who sends the same again is still the same, though others may have begun alike."""
        if session.joined is not None:
            transcript, seen = session.joined
            self._failed[transcript] = seen
            if len(self._failed) > _FAILED:
                self._failed.popitem(last=False)

    def _asker(self, request: ChatRequest, tips: "Sequence[_Tip]", scope: bytes, not_before_ns: int) -> Seen | None:
        """The call whose tools this call brings results of.

        Its question comes before them, unless the client has rewritten it: then the id of a tool call is proof enough,
        where only one call had it. Some models number their tool calls from 0 in each conversation.
        """
        question = tips[-1].question if tips else b""
        for result in request.results:
            if result.call_id:
                seen = self._transcripts.take(_asked(scope, result.call_id), question, not_before_ns=not_before_ns)
                if seen is not None:
                    return seen
        return None

    def _extended(self, tips: "Sequence[_Tip]", not_before_ns: int) -> Seen | None:
        """The last call whose question and answer this transcript begins with."""
        for question, answer in reversed(tips):
            seen = self._transcripts.take(question, answer, not_before_ns=not_before_ns)
            if seen is None:
                seen = self._transcripts.take(_referred(question, answer), answer, not_before_ns=not_before_ns)
            if seen is not None:
                return seen
        return None


class _Tip(NamedTuple):
    """A place in a transcript where an answer was given: digests of all before it, and of the answer."""

    question: bytes
    answer: bytes


def _tips(request: ChatRequest, scope: bytes) -> tuple[list[_Tip], bytes]:
    """Every answer in the transcript, and a digest of all of it."""
    transcript, tips = hashlib.blake2b(scope, digest_size=16), []
    for role, fingerprint in zip(request.roles, request.fingerprints, strict=True):
        if role == "assistant":
            tips.append(_Tip(transcript.digest(), fingerprint))
        transcript.update(fingerprint)
    return tips, transcript.digest()


def scope_of(agent: str, user: str | None) -> bytes:
    return _digest(agent.encode(), b"\0", (user or "").encode())


def _asked(scope: bytes, call_id: str) -> bytes:
    return _digest(scope, b"call\0", call_id.encode("utf-8", "surrogatepass"))


def _referred(question: bytes, reference: bytes) -> bytes:
    """Where an answer is found that is named by its id: a session has one answer to a question, however it is told."""
    return _digest(b"reference\0", question, reference)


def _last(scope: bytes, session: str) -> bytes:
    """The last answer of a session that has a name, where the next call may be bound to who gave it."""
    return _digest(scope, b"session\0", session.encode("utf-8", "surrogatepass"))


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()


def _named(headers: Mapping[bytes, bytes]) -> tuple[str, SessionSource] | None:
    """The session that a header names. A vendor's that cannot be a name is passed over: it was not meant for us."""
    if (value := headers.get(_OWN_HEADER)) is not None:
        if (name := _readable(value)) is None:
            header = _OWN_HEADER.decode()
            message = f"{header}: must be 1 to {_LONGEST} printable ASCII characters"
            raise BadRequest(message, param=header, code="invalid_header")
        return name, "header"
    found = (_readable(headers[header]) for header in _VENDORS if header in headers)
    return next(((name, "vendor") for name in found if name), None)


def _readable(value: bytes) -> str | None:
    if not 0 < len(value) <= _LONGEST or not value.isascii():
        return None
    text = value.decode()
    return text if text.isprintable() else None
