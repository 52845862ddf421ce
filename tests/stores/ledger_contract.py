"""What every ledger promises of scores and decisions. A database's own test module derives from `LedgerContract`."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from subprocess import PIPE, Popen
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings

from records.decision import Decision
from records.score import Score
from stores.ledger import Kept, Ledger, ScoreFilter, open_ledger
from stores.runs import RunFilter, StoreBusy, StoreError, open_store
from tests.support.runs import NOON, a_run
from tests.support.scores import a_decision, a_score, a_variant, decisions, scores

SECOND = 1_000_000_000
AGENT = "support"

Held = Callable[[], AbstractContextManager[None]]
"""Holds what a writer to the ledger needs, as another process in the midst of writing does."""

SHARED_LEDGER = settings(
    deadline=None,
    max_examples=50,
    database=None,
    suppress_health_check=[
        # What is left of other examples does not matter, and each database runs the same ones.
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)

VOTING = """
import sys
from stores.ledger import open_ledger
from tests.support.scores import a_score

url, rater, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = open_ledger(url)
print("ready", flush=True)
sys.stdin.readline()
new = changed = 0
for number in range(times):
    kept = ledger.put_score(a_score(number, rater=rater))
    new, changed = new + kept.new, changed + kept.changed
    # All of them vote on this one, as one and the same.
    kept = ledger.put_score(a_score(1000, float(number), rater="everyone", rationale=rater))
    new, changed = new + kept.new, changed + kept.changed
print(new, changed)
"""


class LedgerContract:
    """Needs the fixtures `url` and `held`."""

    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        ledger = open_ledger(url)
        yield ledger
        ledger.close()

    # Round trips

    @SHARED_LEDGER
    @given(score=scores())
    @example(score=a_score("nul \0 inside", rater="\0", rationale="\0", details={"\0": "\0"}))
    def test_a_score_comes_back_as_it_was_put(self, ledger: Ledger, score: Score) -> None:
        ledger.put_score(score)
        (found,) = [found for found in ledger.scores(ScoreFilter(subjects=[score.subject])) if found.id == score.id]
        assert found.says_the_same_as(score)

    @SHARED_LEDGER
    @given(decision=decisions())
    def test_a_decision_comes_back_as_it_was_added(self, ledger: Ledger, decision: Decision) -> None:
        decision = msgspec.structs.replace(decision, id=f"{len(ledger.decisions(decision.agent, limit=99))}")
        decision = msgspec.structs.replace(decision, id=f"{decision.agent} {decision.id}")
        ledger.add_decision(decision)
        assert decision in ledger.decisions(decision.agent, limit=99)

    # One score for each id

    def test_the_same_score_again_changes_nothing_whenever_it_comes(self, ledger: Ledger) -> None:
        assert ledger.put_score(a_score(1)) == Kept(new=True, changed=False)
        before = ledger.scores_after(0, 10)
        again = a_score(1, created_ns=NOON + 99 * SECOND, config_hash="another")
        assert ledger.put_score(again) == Kept(new=False, changed=False)
        assert ledger.scores_after(0, 10) == before

    @pytest.mark.parametrize(
        "changes",
        [
            {"value": 0.0},
            {"value": None, "failure": "no answer"},
            {"rationale": "Rude."},
            {"details": {"answer": "Please."}},
            {"version": "2"},
            {"inclusion": 0.5},
        ],
        ids=str,
    )
    def test_second_thoughts_replace_the_first_and_take_a_new_place(
        self, ledger: Ledger, changes: dict[str, Any]
    ) -> None:
        ledger.put_score(a_score(1))
        ledger.put_score(a_score(2))
        (last,) = ledger.scores_after(0, 10)[1:]
        changed = a_score(1, **changes)
        assert ledger.put_score(changed) == Kept(new=False, changed=True)
        assert ledger.scores(ScoreFilter(subjects=[a_run(1).id])) == [changed]
        assert [found.score for found in ledger.scores_after(last.seq, 10)] == [changed]
        assert [found.score for found in ledger.scores_after(0, 10)] == [a_score(2), changed]

    def test_a_pair_turned_round_is_a_second_thought(self, ledger: Ledger) -> None:
        one = a_score(a_run(1).id, kind="pair", against=a_run(2).id, evaluator="preference")
        other = a_score(a_run(2).id, kind="pair", against=a_run(1).id, evaluator="preference")
        assert ledger.put_score(one).new
        assert ledger.put_score(other) == Kept(new=False, changed=True)
        assert ledger.scores(ScoreFilter()) == [other]

    def test_several_scores_are_put_together_each_as_it_would_be_alone(self, ledger: Ledger) -> None:
        ledger.put_score(a_score(1))
        kept = ledger.put_scores(
            [a_score(1), a_score(2), a_score(3), a_score(2, 0.0), a_score(2, 0.0), a_score(1, 0.5)]
        )
        assert kept == [(False, False), (True, False), (True, False), (False, True), (False, False), (False, True)]
        assert [found.score for found in ledger.scores_after(0, 10)] == [a_score(3), a_score(2, 0.0), a_score(1, 0.5)]
        assert ledger.put_scores([]) == []

    def test_of_several_scores_one_that_cannot_be_stored_keeps_out_all(self, ledger: Ledger) -> None:
        with pytest.raises(StoreError, match=a_score(2).id):
            ledger.put_scores([a_score(1), a_score(2, details={"number": 2**70})])
        assert ledger.count_scores(ScoreFilter()) == 0

    # The order in which scores are put

    def test_a_cursor_reads_all_scores_once_a_few_at_a_time(self, ledger: Ledger) -> None:
        put = [a_score(number) for number in (5, 3, 9, 1, 7)]
        for score in put:
            ledger.put_score(score)
        read, cursor = [], 0
        while page := ledger.scores_after(cursor, 2):
            read += [found.score for found in page]
            cursor = page[-1].seq
        assert read == put

    def test_who_begins_at_the_newest_score_reads_those_to_come(self, ledger: Ledger) -> None:
        assert ledger.last_score() == 0
        ledger.put_scores([a_score(1), a_score(2)])
        place = ledger.last_score()
        ledger.put_scores([a_score(3), a_score(1, 0.0)])
        assert [found.score for found in ledger.scores_after(place, 10)] == [a_score(3), a_score(1, 0.0)]

    def test_the_place_of_a_score_that_is_gone_is_not_given_again(self, ledger: Ledger, url: str) -> None:
        ledger.put_scores([a_score(1), a_score(2)])
        cursor = ledger.scores_after(0, 10)[-1].seq
        store = open_store(url)
        store.delete(RunFilter(ids=[a_run(2).id]))
        store.close()
        ledger.put_score(a_score(3))
        assert [found.score for found in ledger.scores_after(cursor, 10)] == [a_score(3)]

    def test_a_writer_waits_for_the_one_before_so_that_no_cursor_passes_a_score_by(
        self, ledger: Ledger, url: str, held: Held
    ) -> None:
        impatient = open_ledger(url, patience=0.05)
        with held():
            with pytest.raises(StoreBusy):
                impatient.put_score(a_score(1))
            assert ledger.scores_after(0, 10) == []
        assert impatient.put_score(a_score(1)).new
        impatient.close()

    def test_processes_that_vote_at_once_lose_no_vote_and_a_reader_passes_none_by(
        self, ledger: Ledger, url: str
    ) -> None:
        times, names = 40, ["ada", "bob", "eve"]
        voters = [
            Popen([sys.executable, "-c", VOTING, url, name, str(times)], stdin=PIPE, stdout=PIPE, text=True)
            for name in names
        ]
        seen: dict[str, Score] = {}
        for voter in voters:
            assert voter.stdout is not None
            assert voter.stdout.readline() == "ready\n"
        cursor = 0
        for voter in voters:
            assert voter.stdin is not None
            voter.stdin.write("go\n")
            voter.stdin.flush()
        done = False
        while not done:
            done = all(voter.poll() is not None for voter in voters)
            for found in ledger.scores_after(cursor, 7):
                done = False
                cursor = found.seq
                seen[found.score.id] = found.score
        counts = [voter.communicate()[0].split() for voter in voters]
        kept = ledger.scores(ScoreFilter())
        assert sum(int(new) for new, _ in counts) == len(kept) == len(names) * times + 1
        # Each of them says another thing than the one before, but for the very first.
        assert sum(int(changed) for _, changed in counts) == len(names) * times - 1
        assert {score.id: score for score in kept} == seen

    def test_threads_may_share_a_ledger(self, ledger: Ledger) -> None:
        together = threading.Barrier(4, timeout=30)

        def vote(rater: int) -> int:
            together.wait()
            return sum(ledger.put_score(a_score(number, rater=f"rater {rater % 2}")).new for number in range(20))

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(vote, range(4))) == 40
        assert ledger.count_scores(ScoreFilter()) == 40

    # Which scores are found

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            (ScoreFilter(), [8, 7, 6, 5, 4, 3, 2, 1]),
            (ScoreFilter(tenant="t"), [1]),
            (ScoreFilter(agent="sales"), [2]),
            (ScoreFilter(evaluator="rating"), [3]),
            (ScoreFilter(source="judge"), [4]),
            (ScoreFilter(rater="bob"), [5]),
            (ScoreFilter(subjects=[a_run(6).id, a_run(1).id]), [7, 6, 1]),
            (ScoreFilter(subjects=[a_run(100).id]), [7]),
            (ScoreFilter(subjects=[]), []),
            (ScoreFilter(subjects=['"]', "'", "\0"]), []),
            (ScoreFilter(since_ns=NOON + 7 * SECOND), [8, 7]),
            (ScoreFilter(until_ns=NOON + 3 * SECOND), [2, 1]),
            (ScoreFilter(since_ns=NOON + 2 * SECOND, until_ns=NOON + 4 * SECOND, agent="support"), [3]),
        ],
        ids=str,
    )
    def test_filters_choose(self, ledger: Ledger, which: ScoreFilter, expected: list[int]) -> None:
        put = {
            1: a_score(1, tenant="t"),
            2: a_score(2, agent="sales"),
            3: a_score(3, evaluator="rating"),
            4: a_score(4, source="judge"),
            5: a_score(5, rater="bob"),
            6: a_score(6),
            7: a_score(
                a_run(6).id,
                kind="pair",
                against=a_run(100).id,
                evaluator="preference",
                created_ns=NOON + 7 * SECOND,
            ),
            8: a_score(8),
        }
        ledger.put_scores(list(put.values()))
        assert ledger.scores(which) == [put[number] for number in expected]
        assert ledger.scores(which, limit=1) == [put[number] for number in expected[:1]]
        assert ledger.count_scores(which) == len(expected)

    def test_any_number_of_subjects_may_be_asked_for(self, ledger: Ledger) -> None:
        ledger.put_scores([a_score(1), a_score(2)])
        many = [f"{number:032x}" for number in range(100_000)]
        assert ledger.scores(ScoreFilter(subjects=[*many, a_run(2).id])) == [a_score(2)]

    # Erasing scores

    def test_scores_leave_with_the_runs_they_are_of(self, ledger: Ledger, url: str) -> None:
        pair = a_score(a_run(3).id, kind="pair", against=a_run(2).id, evaluator="preference")
        ledger.put_scores([a_score(1), a_score(2), a_score(2, rater="bob"), pair, a_score(3)])
        store = open_store(url)
        store.put([a_run(1), a_run(2), a_run(3)], {})
        store.delete(RunFilter(ids=[a_run(2).id]))
        assert ledger.scores(ScoreFilter()) == [a_score(3), a_score(1)]
        store.delete(RunFilter(until_ns=a_run(2).started_ns))
        assert ledger.scores(ScoreFilter()) == [a_score(3)]
        store.close()

    def test_the_scores_that_a_user_gave_leave_with_the_users_runs(self, ledger: Ledger, url: str) -> None:
        ledger.put_scores([a_score(1, rater="ada"), a_score(1, rater="bob")])
        store = open_store(url)
        store.delete(RunFilter(user="ada", agent="sales"))
        assert ledger.count_scores(ScoreFilter()) == 2
        store.delete(RunFilter(user="ada"))
        assert ledger.scores(ScoreFilter()) == [a_score(1, rater="bob")]
        store.close()

    # Decisions

    def test_decisions_are_told_newest_first(self, ledger: Ledger) -> None:
        for number in (1, 2, 3):
            ledger.add_decision(a_decision(number))
        ledger.add_decision(a_decision(4, agent="sales"))
        assert ledger.decisions(AGENT) == [a_decision(3), a_decision(2), a_decision(1)]
        assert ledger.decisions(AGENT, limit=1) == [a_decision(3)]

    def test_the_same_decision_again_changes_nothing(self, ledger: Ledger) -> None:
        ledger.add_decision(a_decision(1))
        ledger.add_decision(a_decision(1, text="Another reason."))
        assert ledger.decisions(AGENT) == [a_decision(1)]

    def test_decisions_are_chosen_by_kind_and_subject(self, ledger: Ledger) -> None:
        epoch, stop = a_decision(1, kind="epoch"), a_decision(2, kind="stop", subject="terse")
        state = a_decision(3, subject="terse")
        for decision in (epoch, stop, state):
            ledger.add_decision(decision)
        assert ledger.decisions(AGENT, kinds=["epoch", "stop"]) == [stop, epoch]
        assert ledger.decisions(AGENT, kinds=[]) == []
        assert ledger.decisions(AGENT, subject="terse") == [state, stop]
        assert ledger.decisions(AGENT, kinds=["state"], subject="terse") == [state]

    # The database

    def test_what_was_kept_is_there_for_who_opens_it_next(self, ledger: Ledger, url: str) -> None:
        ledger.add_variant(a_variant())
        ledger.put_score(a_score())
        ledger.add_decision(a_decision())
        other = open_ledger(url)
        assert other.variants() == [a_variant()]
        assert other.scores(ScoreFilter()) == [a_score()]
        assert other.decisions(AGENT) == [a_decision()]
        other.close()
