"""Retries and abandoned sessions, told from the calls alone."""

from typing import Any

import msgspec
import pytest

from proxy.rewards.implicit import ABANDONMENT, RETRY, Seen, Sessions
from records.score import Score
from stores.runs import IndexedRun
from tests.proxy.rewards.learning import AGENT, SECOND, a_call
from tests.support.runs import NOON

QUESTION = "How do I reset my password?"


class Listening:
    """Sessions that end after half a minute of silence."""

    def __init__(self) -> None:
        self.sessions = Sessions(AGENT, 30, {})

    def call(self, id: str, question: str = QUESTION, *, at: float = 0.0, **changes: Any) -> list[Score]:
        run = a_call(id, session=changes.pop("session", "s"), at=at, took=0, **changes)
        return self.sessions.run(IndexedRun(1, run, question))

    def ended(self, at: float) -> list[Score]:
        return self.sessions.ended(NOON + round(at * SECOND))


def said(scores: list[Score]) -> dict[str, float | None]:
    return {score.evaluator: score.value for score in scores}


def test_the_same_question_again_right_after_its_answer_is_a_retry() -> None:
    listening = Listening()
    assert listening.call("1") == []
    (score,) = listening.call("2", "how do I  reset my PASSWORD? ", at=5)
    assert (score.evaluator, score.value, score.subject) == (RETRY, 1.0, a_call("1").id)
    assert (score.source, score.created_ns) == ("implicit", NOON + 5 * SECOND)


def test_another_question_is_none() -> None:
    listening = Listening()
    listening.call("1")
    assert said(listening.call("2", "And how do I delete my account?", at=5)) == {RETRY: 0.0}


def test_words_that_people_say_often_are_none() -> None:
    listening = Listening()
    listening.call("1", "go on")
    assert said(listening.call("2", "go on", at=5)) == {RETRY: 0.0}


def test_the_next_call_of_a_loop_of_tools_is_none() -> None:
    listening = Listening()
    listening.call("1", finish_reasons=("tool_calls",))
    assert said(listening.call("2", at=5)) == {RETRY: 0.0}


def test_trying_again_after_an_error_is_none() -> None:
    listening = Listening()
    listening.call("1", outcome="error", status=502)
    assert said(listening.call("2", at=5)) == {RETRY: 0.0}


def test_the_same_question_in_another_session_is_none() -> None:
    listening = Listening()
    listening.call("1")
    assert listening.call("2", session="t", at=5) == []


def test_a_question_that_was_not_recorded_cannot_be_compared() -> None:
    listening = Listening()
    listening.call("1", "")
    assert said(listening.call("2", "", at=5)) == {RETRY: 0.0}


def test_calls_of_no_session_say_nothing() -> None:
    listening = Listening()
    assert listening.call("1", session=None) == []
    assert listening.ended(1_000) == []


@pytest.mark.parametrize(
    "last",
    [
        {"outcome": "error", "status": 502},
        {"outcome": "cancelled"},
        {"finish_reasons": ("tool_calls",)},
    ],
    ids=["error", "cancelled", "a tool call that nobody answered"],
)
def test_a_session_that_ends_in_trouble_was_abandoned(last: dict[str, Any]) -> None:
    listening = Listening()
    listening.call("1")
    listening.call("2", "Something else entirely?", at=5, **last)
    assert listening.ended(34.9) == []
    scores = listening.ended(35)
    assert said(scores) == {ABANDONMENT: 1.0, RETRY: 0.0}
    assert {score.subject for score in scores} == {a_call("2").id}
    assert {score.created_ns for score in scores} == {NOON + 35 * SECOND}


def test_a_session_that_ends_with_an_answer_was_not_abandoned() -> None:
    listening = Listening()
    listening.call("1", outcome="error", status=502)
    listening.call("2", at=5)
    assert said(listening.ended(100)) == {ABANDONMENT: 0.0, RETRY: 0.0}
    assert listening.ended(1_000) == []


def test_a_session_that_goes_on_after_its_end_is_another() -> None:
    listening = Listening()
    listening.call("1", outcome="error", status=502)
    scores = listening.call("2", at=31)
    assert said(scores) == {ABANDONMENT: 1.0, RETRY: 0.0}
    assert {score.subject for score in scores} == {a_call("1").id}


def test_what_was_heard_is_the_same_when_it_is_heard_again() -> None:
    def heard() -> list[Score]:
        listening = Listening()
        return [*listening.call("1"), *listening.call("2", at=5), *listening.ended(100)]

    assert heard() == heard()
    assert len({score.id for score in heard()}) == 3


def test_sessions_outlive_the_process() -> None:
    listening = Listening()
    listening.call("1")
    kept = msgspec.msgpack.encode(listening.sessions.open)
    listening.sessions = Sessions(AGENT, 30, msgspec.msgpack.decode(kept, type=dict[str, Seen]))
    assert said(listening.call("2", at=5)) == {RETRY: 1.0}
