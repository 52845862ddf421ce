"""How votes are kept: each once, within the caps, from a thread."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from proxy.errors import ApiError
from proxy.feedback.keeping import Caps, VoteKeeper
from records.feedback import Vote
from records.score import Score
from stores.ledger import Ledger, ScoreFilter, open_ledger
from stores.runs import open_store
from tests.support.runs import NOON, a_run

DAY_NS = 86_400 * 10**9
MIDNIGHT = NOON - NOON % DAY_NS
LOOSE = Caps(per_rater=1000, per_day=1000, person=True)


class Clock:
    def __init__(self) -> None:
        self.ns = MIDNIGHT + 3600 * 10**9

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'burnish.db'}"


@pytest.fixture
def keeper(url: str, tmp_path: Path, clock: Clock) -> Iterator[VoteKeeper]:
    keeper = VoteKeeper(url, tmp_path / "journal", clock)
    yield keeper
    keeper.close()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = open_ledger(url)
    yield ledger
    ledger.close()


def vote(run: int, clock: Clock, *, up: bool = True, rater: str = "ada") -> Score:
    return Vote("default", "support", a_run(run).id, rater, clock()).thumb(up)


def program(run: int, clock: Clock, name: str) -> Score:
    thumb = vote(run, clock)
    return msgspec.structs.replace(thumb, id=f"{name} {run}", evaluator=name, source="code", rater="")


def refusal(keeper: VoteKeeper, votes: list[Score], caps: Caps) -> ApiError:
    with pytest.raises(ApiError) as refused:
        keeper.keep(votes, caps, None)
    return refused.value


def test_a_vote_is_new_then_the_same_then_changed(keeper: VoteKeeper, clock: Clock, ledger: Ledger) -> None:
    became = []
    for up in (True, True, False):
        clock.ns += 1
        became += keeper.keep([vote(1, clock, up=up)], LOOSE, None)
    assert became == ["new", "same", "changed"]
    assert [score.value for score in ledger.scores(ScoreFilter())] == [0.0]


def test_a_person_has_so_many_votes_a_day(keeper: VoteKeeper, clock: Clock, ledger: Ledger) -> None:
    caps = Caps(per_rater=3, per_day=1000, person=True)
    for run in range(3):
        keeper.keep([vote(run, clock)], caps, None)
    refused = refusal(keeper, [vote(3, clock)], caps)
    assert (refused.status, refused.code) == (429, "feedback_limit")
    assert refused.headers["retry-after"] == str(23 * 3600)
    assert keeper.keep([vote(1, clock)], caps, None) == ["same"]
    assert keeper.keep([vote(3, clock, rater="bob")], caps, None) == ["new"]
    clock.ns += DAY_NS
    assert keeper.keep([vote(3, clock)], caps, None) == ["new"]
    assert ledger.count_scores(ScoreFilter(rater="ada")) == 4


def test_a_person_may_think_again_as_often_and_no_oftener(keeper: VoteKeeper, clock: Clock, ledger: Ledger) -> None:
    caps = Caps(per_rater=3, per_day=1000, person=True)
    for up in (True, False, True, False):
        keeper.keep([vote(1, clock, up=up)], caps, None)
    assert refusal(keeper, [vote(1, clock, up=True)], caps).status == 429
    assert [score.value for score in ledger.scores(ScoreFilter())] == [0.0]


def test_what_is_said_at_once_is_kept_as_a_whole_or_not_at_all(
    keeper: VoteKeeper, clock: Clock, ledger: Ledger
) -> None:
    both = Vote("default", "support", a_run(1).id, "ada", clock())
    caps = Caps(per_rater=1, per_day=1000, person=True)
    assert refusal(keeper, [both.thumb(True), both.rating(5)], caps).status == 429
    assert ledger.count_scores(ScoreFilter()) == 0


def test_who_only_has_the_agents_key_is_no_person_and_has_no_cap_of_its_own(keeper: VoteKeeper, clock: Clock) -> None:
    caps = Caps(per_rater=1, per_day=1000, person=False)
    assert [keeper.keep([vote(run, clock)], caps, None) for run in range(3)] == [["new"]] * 3


def test_everybody_together_has_so_many_votes_a_day(keeper: VoteKeeper, clock: Clock, ledger: Ledger) -> None:
    caps = Caps(per_rater=1000, per_day=2, person=True)
    for rater in ("ada", "bob"):
        keeper.keep([vote(1, clock, rater=rater)], caps, None)
    refused = refusal(keeper, [vote(1, clock, rater="eve")], caps)
    assert "everybody together may cast 2 votes a day" in refused.message
    assert keeper.keep([program(1, clock, "length")], caps, None) == ["new"]
    clock.ns += DAY_NS
    assert keeper.keep([vote(1, clock, rater="eve")], caps, None) == ["new"]


def test_votes_of_other_workers_count_as_well(
    keeper: VoteKeeper, clock: Clock, ledger: Ledger, url: str, tmp_path: Path
) -> None:
    other = VoteKeeper(url, tmp_path / "journal", clock)
    caps = Caps(per_rater=2, per_day=1000, person=True)
    other.keep([vote(1, clock)], caps, None)
    keeper.keep([vote(2, clock)], caps, None)
    assert refusal(other, [vote(3, clock)], caps).status == 429
    other.close()


def test_programs_do_not_use_up_each_others_votes(keeper: VoteKeeper, clock: Clock) -> None:
    caps = Caps(per_rater=1000, per_day=1, person=True)
    assert keeper.keep([program(1, clock, "length")], caps, None) == ["new"]
    assert keeper.keep([program(1, clock, "grounded")], caps, None) == ["new"]
    assert refusal(keeper, [program(2, clock, "length")], caps).status == 429


def test_a_key_is_remembered_over_changes_of_mind(keeper: VoteKeeper, clock: Clock, ledger: Ledger) -> None:
    keeper.keep([vote(1, clock, up=True)], LOOSE, "first")
    for number in range(5):
        keeper.keep([vote(1, clock, up=bool(number % 2))], LOOSE, f"then {number}")
    assert keeper.keep([vote(1, clock, up=True)], LOOSE, "first") == ["same"]
    assert [score.value for score in ledger.scores(ScoreFilter())] == [0.0]


def test_a_run_is_looked_for_until_the_store_has_all_that_was_there(
    keeper: VoteKeeper, url: str, tmp_path: Path
) -> None:
    run = a_run(1)
    journal = tmp_path / "journal"
    journal.mkdir()
    (journal / "a.otlp.jsonl").write_bytes(b"x" * 100)
    first = keeper.look(run.agent, "run_id", run.id, None)
    assert (list(first.runs), first.reached) == ([], False)
    # More that is written meanwhile is no reason to wait longer.
    (journal / "a.otlp.jsonl").write_bytes(b"x" * 200)
    store = open_store(url)
    store.put([], {"a.otlp.jsonl": 100})
    assert keeper.look(run.agent, "run_id", run.id, first.written).reached
    store.put([run], {})
    assert [each.id for each in keeper.look(run.agent, "run_id", run.id, first.written).runs] == [run.id]
    store.close()


def test_a_segment_that_is_gone_is_not_waited_for(keeper: VoteKeeper, tmp_path: Path) -> None:
    assert keeper.look("support", "run_id", "x", {"gone.otlp.jsonl": 100}).reached
