"""What people say without saying it, told from the calls of a session alone.

`retry` is 1 where a question came again right after its answer, else 0. `abandonment` is 1 where a session ended after
an error, a call that was cancelled or a tool call that nobody answered, else 0. Both are scores of the call that was
not good enough; that there was nothing of the kind is known once the session has gone on, or was silent long enough.
"""

import hashlib
from typing import Final

import msgspec

from records.run import Run
from records.score import Score, ScoreSource, score_id
from stores.runs import IndexedRun

RETRY: Final = "retry"
ABANDONMENT: Final = "abandonment"
IMPLICIT: Final = frozenset({RETRY, ABANDONMENT})
SOURCE: Final[ScoreSource] = "implicit"
_RATER: Final = "burnish"
_SHORTEST: Final = 12
"""Characters of a question that is worth comparing: people say "yes" and "go on" many times."""
_CALLING: Final = frozenset({"tool_calls", "function_call"})


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The last call of a session. `question` is a digest, empty where there is nothing to compare."""

    run: str
    tenant: str
    ended_ns: int
    question: str
    answered: bool
    """With words, not with a call of a tool."""
    broken: bool


class Sessions:
    """The sessions of one agent that may go on. Each is silent for `idle` seconds before it has ended."""

    def __init__(self, agent: str, idle: float, open: dict[str, Seen]) -> None:
        self._agent = agent
        self._idle_ns = int(idle * 1e9)
        self.open = open

    def run(self, indexed: IndexedRun) -> list[Score]:
        """What a call of the agent's own turn says of the one before it."""
        run = indexed.run
        session = run.session
        if session is None:
            return []
        said: list[Score] = []
        last = self.open.pop(session, None)
        if last is not None and last.ended_ns + self._idle_ns <= run.started_ns:
            said += self._ended(last)
        elif last is not None:
            again = last.answered and bool(last.question) and last.question == _question(indexed)
            said.append(self._score(RETRY, last, float(again), run.ended_ns))
        self.open[session] = _seen(indexed)
        return said

    def ended(self, now_ns: int) -> list[Score]:
        """What those say that have ended by now."""
        said: list[Score] = []
        # Those that were last to go on are last.
        for session, last in list(self.open.items()):
            if last.ended_ns + self._idle_ns <= now_ns:
                said += self._ended(self.open.pop(session))
        return said

    def _ended(self, last: Seen) -> list[Score]:
        at_ns = last.ended_ns + self._idle_ns
        return [self._score(ABANDONMENT, last, float(last.broken), at_ns), self._score(RETRY, last, 0.0, at_ns)]

    def _score(self, evaluator: str, last: Seen, value: float, at_ns: int) -> Score:
        """Its id and all else in it follow from the calls: told again, it is the same."""
        return Score(
            id=score_id(self._agent, "run", last.run, None, evaluator, _RATER),
            tenant=last.tenant,
            agent=self._agent,
            subject=last.run,
            evaluator=evaluator,
            source=SOURCE,
            rater=_RATER,
            value=value,
            created_ns=at_ns,
        )


def _seen(indexed: IndexedRun) -> Seen:
    run = indexed.run
    calling = not _CALLING.isdisjoint(run.finish_reasons)
    return Seen(
        run=run.id,
        tenant=run.tenant,
        ended_ns=run.ended_ns,
        question=_question(indexed),
        answered=run.outcome == "ok" and not calling,
        broken=_broken(run) or calling,
    )


def _broken(run: Run) -> bool:
    return run.outcome != "ok"


def _question(indexed: IndexedRun) -> str:
    text = " ".join(indexed.question.split()).casefold()
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if len(text) >= _SHORTEST else ""
