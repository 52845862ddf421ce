"""Answers that were asked for again, and the one that the conversation went on from: a preference nobody had to state.

Who asks the same again did not like the answer, or wanted to see another; which one was better is told by where the
conversation went on. Pure: it knows runs by digests alone.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from proxy.feedback.prompts import Answered, answers_in, completion_of, prompt_of, request_of
from records.run import Run

_AGAIN_NS: Final = 3600 * 10**9
"""Later a user who asks the same does not ask again, but anew."""


class Turn(NamedTuple):
    """A call of an agent: what it asked, what it was answered, and the earlier answers that it goes on from."""

    run: str
    session: str | None
    user: str | None
    at_ns: int
    prompt: bytes
    answer: bytes
    response_id: str | None
    after: Sequence[Answered]
    continues: str | None


class Regenerated(NamedTuple):
    """The run that was kept, one that was passed over, and the run that tells."""

    kept: str
    passed_over: str
    told_by: str


def turn_of(run: Run) -> Turn | None:
    """None for what is no answered call of the agent's own, or was not kept whole."""
    if run.turn != "main" or run.source != "live":
        return None
    request, completion = request_of(run), completion_of(run)
    if request is None or completion is None:
        return None
    return Turn(
        run.id,
        run.session,
        run.user,
        run.started_ns,
        prompt_of(request),
        completion.fingerprint,
        run.response_id,
        answers_in(request),
        request.continues,
    )


def regenerated(turns: Iterable[Turn]) -> Iterator[Regenerated]:
    """Of each answer that was asked for again, which was kept; nothing where the conversation went on from several."""
    ordered = sorted(turns, key=lambda turn: turn.at_ns)
    groups: dict[Hashable, list[Turn]] = {}
    for turn in ordered:
        for who in _who(turn):
            groups.setdefault((who, turn.prompt), []).append(turn)
    went_on = _Continued(ordered)
    seen = set()
    for same in groups.values():
        told = {turn.run: by for turn in same if (by := went_on.after(turn))}
        if len(told) != 1 or len({turn.answer for turn in same}) == 1:
            continue
        kept = next(turn for turn in same if turn.run in told)
        by = told[kept.run]
        for other in same:
            pair = Regenerated(kept.run, other.run, by.run)
            again = abs(other.at_ns - kept.at_ns) <= _AGAIN_NS and other.at_ns < by.at_ns
            if other.answer != kept.answer and again and pair not in seen:
                seen.add(pair)
                yield pair


class _Continued:
    """The first call that went on from an answer."""

    def __init__(self, ordered: Iterable[Turn]) -> None:
        self._first: dict[Hashable, Turn] = {}
        for turn in ordered:
            for who in _who(turn):
                # Only the last answer: those before it are what that one went on from.
                for answered in turn.after[-1:]:
                    self._first.setdefault((who, answered), turn)
                if turn.continues is not None:
                    self._first.setdefault((who, turn.continues), turn)

    def after(self, turn: Turn) -> Turn | None:
        keys: list[Hashable] = [Answered(turn.prompt, turn.answer)]
        if turn.response_id is not None:
            keys.append(turn.response_id)
        found = (self._first.get((who, key)) for who in _who(turn) for key in keys)
        return next((by for by in found if by is not None and by.at_ns > turn.at_ns), None)


def _who(turn: Turn) -> list[Hashable]:
    """In whose conversation it was: a session's, and a user's who may have begun another session to ask again."""
    return [(kind, name) for kind, name in (("session", turn.session), ("user", turn.user)) if name is not None]
