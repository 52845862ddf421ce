"""What fails in the background is said once and tried again, later each time, and never ends the process."""

import logging

import pytest

from proxy.attempts import Attempts
from stores.runs import StoreError


class Task:
    """Fails while it is told to."""

    def __init__(self) -> None:
        self.tried = 0
        self.error: Exception | None = None

    def __call__(self) -> bool:
        self.tried += 1
        if self.error is not None:
            raise self.error
        return True


@pytest.fixture
def attempts() -> Attempts:
    return Attempts(logging.getLogger("burnish.test"))


def test_what_fails_is_said_once_and_tried_later_each_time(
    attempts: Attempts, caplog: pytest.LogCaptureFixture
) -> None:
    task = Task()
    task.error = StoreError("the database is away")
    tried = []
    for now in range(40):
        assert attempts.attempt("nothing is read", "it is read again", now, task) is False
        tried.append(task.tried)
    at = [now for now, (before, after) in enumerate(zip([0, *tried], tried, strict=False)) if after > before]
    assert at == [0, 1, 3, 7, 15, 25, 35]
    assert caplog.messages == ["nothing is read for now, and nothing is lost: the database is away"]


def test_that_it_works_again_is_said_once(attempts: Attempts, caplog: pytest.LogCaptureFixture) -> None:
    task = Task()
    task.error = ValueError("odd")
    attempts.attempt("nothing is read", "it is read again", 0, task)
    task.error = None
    assert attempts.attempt("nothing is read", "it is read again", 1, task)
    assert attempts.attempt("nothing is read", "it is read again", 2, task)
    assert caplog.messages == ["nothing is read for now, and nothing is lost: ValueError: odd", "it is read again"]


def test_one_trouble_does_not_hold_up_another_task(attempts: Attempts) -> None:
    bad, good = Task(), Task()
    bad.error = ValueError("odd")
    attempts.attempt("a is not done", "a is done again", 0, bad)
    assert attempts.attempt("b is not done", "b is done again", 0, good)


def test_what_is_forgotten_is_tried_at_once(attempts: Attempts) -> None:
    task = Task()
    task.error = ValueError("odd")
    attempts.attempt("nothing is read", "it is read again", 0, task)
    attempts.forget()
    attempts.attempt("nothing is read", "it is read again", 0, task)
    assert task.tried == 2
