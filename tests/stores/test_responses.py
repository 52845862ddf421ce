"""Responses that clients refer to: found by every worker, whole or not, and gone once deleted."""

import logging
import multiprocessing
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stores.responses import KeptResponse, ResponseStore, responses_in

NOON = 1_763_812_800 * 10**9


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(id: str, previous: str | None = None, **changes: Any) -> KeptResponse:
    response = KeptResponse(
        id,
        agent="support",
        user="5f1d",
        session="one",
        run_id=f"run of {id}",
        trace_id=f"trace of {id}",
        variant="base",
        model="smart",
        at_ns=NOON,
        asked=("call_1", "call_2"),
        previous=previous,
        input=b'[{"role": "user", "content": "Hello"}]',
        output=b'{"id": "%b", "output": []}' % id.encode(),
    )
    return msgspec.structs.replace(response, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return responses_in(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[ResponseStore]:
    store = ResponseStore(path, clock=clock)
    yield store
    store.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    yield
    other.execute("rollback")
    other.close()


def ids(found: list[KeptResponse]) -> list[str]:
    return [response.id for response in found]


def test_a_response_is_found_as_it_was_kept(store: ResponseStore) -> None:
    store.put(kept("resp_1"))
    assert store.get("support", "resp_1") == kept("resp_1")
    assert store.get("support", "resp_2") is None


def test_what_the_provider_keeps_is_known_without_its_documents(store: ResponseStore) -> None:
    at_provider = kept("resp_1", user=None, asked=(), input=None, output=None)
    store.put(at_provider)
    assert store.get("support", "resp_1") == at_provider


def test_an_agent_neither_finds_nor_overwrites_the_response_of_another(store: ResponseStore) -> None:
    store.put(kept("resp_1", agent="support"))
    store.put(kept("resp_1", agent="sales", session="theirs"))
    first, second = store.get("support", "resp_1"), store.get("sales", "resp_1")
    assert first is not None
    assert second is not None
    assert (first.session, second.session) == ("one", "theirs")
    assert store.get("other", "resp_1") is None


def test_it_is_known_that_a_response_was_given_to_another_agent_alone(store: ResponseStore) -> None:
    store.put(kept("theirs", agent="sales"))
    store.put(kept("both", agent="sales"))
    store.put(kept("both", agent="support"))
    store.put(kept("ours", agent="support"))
    assert [id for id in ("theirs", "both", "ours", "nobody's") if store.is_anothers("support", id)] == ["theirs"]


def test_a_response_that_goes_on_in_the_background_is_kept_as_it_was_last(store: ResponseStore) -> None:
    store.put(kept("resp_1", output=b'{"status": "queued"}'))
    store.put(kept("resp_1", output=b'{"status": "completed"}'))
    found = store.get("support", "resp_1")
    assert found is not None
    assert found.output == b'{"status": "completed"}'


def test_a_chain_begins_with_the_oldest(store: ResponseStore) -> None:
    for id, previous in (("a", None), ("b", "a"), ("c", "b"), ("d", "b")):
        store.put(kept(id, previous))
    assert ids(store.chain("support", "c")) == ["a", "b", "c"]
    assert ids(store.chain("support", "d")) == ["a", "b", "d"]
    assert store.chain("support", "x") == []


def test_a_chain_that_lost_its_beginning_shows_it(store: ResponseStore) -> None:
    store.put(kept("b", "a"))
    store.put(kept("c", "b"))
    first, second = store.chain("support", "c")
    assert (first.previous, second.previous) == ("a", "b")


def test_a_chain_that_runs_in_a_circle_ends(store: ResponseStore) -> None:
    store.put(kept("a", "b"))
    store.put(kept("b", "a"))
    assert ids(store.chain("support", "b")) == ["a", "b"]


def test_a_chain_is_followed_so_far_and_shows_that_there_is_more(store: ResponseStore) -> None:
    store.put(kept("0"))
    for number in range(1, 10):
        store.put(kept(str(number), str(number - 1), input=b"[%b]" % (b" " * 10_000)))
    few = store.chain("support", "9", longest=3)
    light = store.chain("support", "9", largest=25_000)
    assert (ids(few), few[0].previous) == (["7", "8", "9"], "6")
    assert (ids(light), light[0].previous) == (["8", "9"], "7")


def test_a_deleted_response_is_gone_and_was_there_only_once(store: ResponseStore) -> None:
    store.put(kept("resp_1"))
    assert store.delete("sales", "resp_1") is False
    assert store.delete("support", "resp_1") is True
    assert store.delete("support", "resp_1") is False
    assert store.get("support", "resp_1") is None


def test_what_was_deleted_is_not_in_the_file_any_more(path: Path, store: ResponseStore) -> None:
    store.put(kept("resp_1", input=b'["my secret"]'))
    store.put(kept("resp_2"))
    store.delete("support", "resp_1")
    store.close()  # The last one to close the file empties its log into it.
    assert b"my secret" not in path.read_bytes()
    assert b"resp_2" in path.read_bytes()


def test_only_its_owner_may_read_the_file(path: Path, store: ResponseStore) -> None:
    store.put(kept("resp_1"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_response_outlives_its_worker(path: Path, store: ResponseStore) -> None:
    store.put(kept("resp_1"))
    # Without closing the first: it may just as well have been killed.
    after = ResponseStore(path)
    assert after.get("support", "resp_1") == kept("resp_1")
    after.close()


def test_while_the_file_is_locked_a_worker_knows_its_own_and_shares_them_afterwards(
    path: Path, store: ResponseStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store.put(kept("a"))
    with locked(path):
        store.put(kept("b", "a"))
        clock.now += 1
        store.put(kept("c", "b"))
        assert ids(store.chain("support", "c")) == ["b", "c"]
    clock.now += 1
    store.put(kept("d", "c"))
    other = ResponseStore(path)
    assert ids(other.chain("support", "d")) == ["a", "b", "c", "d"]
    other.close()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_what_was_deleted_while_the_file_was_locked_does_not_come_back(
    path: Path, store: ResponseStore, clock: Clock
) -> None:
    store.put(kept("a"))
    store.put(kept("b"))
    with locked(path):
        store.put(kept("c"))
        store.delete("support", "a")
        assert store.delete("support", "c") is True
        assert [store.get("support", id) for id in "ac"] == [None, None]
    clock.now += 1
    store.put(kept("d"))
    other = ResponseStore(path)
    assert [other.get("support", id) is not None for id in "abcd"] == [False, True, False, True]
    other.close()


def test_what_the_file_did_not_take_is_saved_at_the_end(path: Path, clock: Clock) -> None:
    store = ResponseStore(path, clock=clock)
    store.put(kept("a"))
    with locked(path):
        store.put(kept("b"))
    store.close()
    after = ResponseStore(path)
    assert [after.get("support", id) is not None for id in "ab"] == [True, True]
    after.close()


def test_a_damaged_file_is_told_of_and_done_without(path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"no database at all " * 1000)
    store = ResponseStore(path, clock=clock)
    store.put(kept("a"))
    clock.now += 2
    store.put(kept("b", "a"))
    assert ids(store.chain("support", "b")) == ["a", "b"]
    store.close()
    assert ["file is not a database" in message for message in caplog.messages] == [True]


def test_memory_holds_so_much_while_there_is_no_file_and_drops_the_oldest(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "data").write_text("in the way")
    store = ResponseStore(responses_in(tmp_path / "data"), clock=clock, in_memory=30_000)
    for number in range(4):
        store.put(kept(str(number), input=b" " * 10_000))
    assert [store.get("support", str(number)) is not None for number in range(4)] == [False, False, True, True]
    store.close()


def _go_on(path: Path, name: str, turns: int) -> None:
    """A worker: a conversation of so many turns, begun by another worker's response."""
    store = ResponseStore(path)
    previous = "begin"
    for turn in range(turns):
        store.put(kept(f"{name} {turn}", previous))
        previous = f"{name} {turn}"
    store.close()


def test_several_processes_keep_responses_at_once_and_know_each_others(path: Path, store: ResponseStore) -> None:
    store.put(kept("begin"))
    spawning = multiprocessing.get_context("spawn")
    workers = [spawning.Process(target=_go_on, args=(path, name, 200)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for name in ("one", "two"):
        assert ids(store.chain("support", f"{name} 199")) == ["begin", *(f"{name} {turn}" for turn in range(200))]
