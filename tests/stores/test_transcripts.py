"""Tips of transcripts: one contract over memory and the file, alone or shared."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stores.transcripts import FileTranscripts, MemoryTranscripts, Seen, Transcripts

HOUR = 3600 * 10**9
NOON = 1_763_812_800 * 10**9


def seen(session: str, ended_ns: int = NOON) -> Seen:
    return Seen(session, f"run of {session}", f"trace of {session}", ended_ns, ("call",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture(params=["memory", "alone", "shared"])
def transcripts(request: pytest.FixtureRequest, path: Path) -> Iterator[Transcripts]:
    if request.param == "memory":
        yield MemoryTranscripts()
    else:
        kept = FileTranscripts(path, shared=request.param == "shared")
        yield kept
        kept.close()


def take(transcripts: Transcripts, question: bytes, answer: bytes, *, not_before_ns: int = NOON - HOUR) -> str | None:
    """The session of the call found."""
    found = transcripts.take(question, answer, not_before_ns=not_before_ns)
    return None if found is None else found.session


def test_a_call_is_found_by_its_question_and_answer(transcripts: Transcripts) -> None:
    transcripts.put(b"question", b"answer", seen("one"))
    assert transcripts.take(b"question", b"answer", not_before_ns=NOON - HOUR) == seen("one")
    assert take(transcripts, b"another", b"answer") is None


def test_an_answer_that_the_client_has_rewritten_stands_for_the_one_given(transcripts: Transcripts) -> None:
    transcripts.put(b"question", b"answer", seen("one"))
    assert take(transcripts, b"question", b"rewritten") == "one"


def test_a_rewritten_answer_is_no_proof_where_two_were_given(transcripts: Transcripts) -> None:
    transcripts.put(b"question", b"answer", seen("one"))
    transcripts.put(b"question", b"another", seen("two"))
    assert take(transcripts, b"question", b"rewritten") is None
    assert take(transcripts, b"question", b"another") == "two"


def test_two_sessions_that_said_the_same_are_each_given_out_once(transcripts: Transcripts) -> None:
    transcripts.put(b"question", b"answer", seen("one", NOON))
    transcripts.put(b"question", b"answer", seen("two", NOON + 1))
    assert [take(transcripts, b"question", b"answer") for _ in range(3)] == ["one", "two", "two"]


def test_a_session_that_asks_the_same_again_is_known_by_its_last_call(transcripts: Transcripts) -> None:
    transcripts.put(b"question", b"answer", seen("one", NOON))
    transcripts.put(b"question", b"another", seen("one", NOON + 1))
    found = transcripts.take(b"question", b"another", not_before_ns=NOON - HOUR)
    assert found == seen("one", NOON + 1)


def test_a_session_that_has_ended_is_not_found(transcripts: Transcripts) -> None:
    transcripts.put(b"question", b"answer", seen("one", NOON - 2 * HOUR))
    assert take(transcripts, b"question", b"answer") is None


def test_memory_holds_so_many_tips_and_drops_the_oldest() -> None:
    few = MemoryTranscripts(capacity=2)
    for number in (b"1", b"2", b"3"):
        few.put(number, b"answer", seen(number.decode()))
    assert [take(few, number, b"answer") for number in (b"1", b"2", b"3")] == [None, "2", "3"]


def test_ended_sessions_are_forgotten(path: Path) -> None:
    transcripts = FileTranscripts(path, shared=True)
    transcripts.put(b"old", b"answer", seen("one", NOON - 2 * HOUR))
    transcripts.put(b"new", b"answer", seen("two", NOON))
    transcripts.forget(NOON - HOUR)
    assert take(transcripts, b"old", b"answer", not_before_ns=0) is None
    assert take(transcripts, b"new", b"answer", not_before_ns=0) == "two"
    transcripts.close()


def test_shared_tips_are_known_to_the_other_worker_at_once(path: Path) -> None:
    first, second = FileTranscripts(path, shared=True), FileTranscripts(path, shared=True)
    first.put(b"question", b"answer", seen("one"))
    assert take(second, b"question", b"answer") == "one"
    first.close()
    second.close()


def test_a_lone_workers_tips_outlive_it(path: Path) -> None:
    first = FileTranscripts(path, shared=False)
    first.put(b"question", b"answer", seen("one"))
    first.close()
    second = FileTranscripts(path, shared=False)
    assert take(second, b"question", b"answer") == "one"
    second.close()


def test_while_the_file_is_locked_a_worker_knows_its_own_sessions_and_saves_them_later(path: Path) -> None:
    worker = FileTranscripts(path, shared=True)
    worker.put(b"early", b"answer", seen("one"))
    with locked(path):
        worker.put(b"late", b"answer", seen("two"))
        assert take(worker, b"late", b"answer") == "two"
    worker.close()
    after = FileTranscripts(path, shared=True)
    assert [take(after, question, b"answer") for question in (b"early", b"late")] == ["one", "two"]
    after.close()


def test_what_a_worker_learned_while_the_file_was_locked_is_shared_with_its_next_answer(path: Path) -> None:
    now = [0.0]
    first, second = (FileTranscripts(path, shared=True, clock=lambda: now[0]) for _ in range(2))
    first.put(b"early", b"answer", seen("one"))
    with locked(path):
        first.put(b"late", b"answer", seen("two"))
    now[0] += 1
    first.put(b"next", b"answer", seen("three"))
    assert take(second, b"late", b"answer") == "two"
    first.close()
    second.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    yield
    other.execute("rollback")
    other.close()


def test_what_is_said_alike_without_end_is_kept_within_bounds() -> None:
    tips = MemoryTranscripts()
    for number in range(2000):
        tips.put(b"hello", b"hi", Seen(f"s{number}", "r", "t", number))
        tips.put(b"call 0", str(number).encode(), Seen(f"s{number}", "r", "t", number))
    kept = list(tips)
    assert len([question for question, *_ in kept if question == b"hello"]) == 64
    assert len([question for question, *_ in kept if question == b"call 0"]) == 1024
    newest = tips.take(b"call 0", b"1999", not_before_ns=0)
    assert newest is not None
    assert newest.session == "s1999"
