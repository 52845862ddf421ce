"""What every store of insights promises. A database's own test module derives from `InsightsContract`."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from records.insight import Insight
from stores.insights import InsightStore, Noted, open_insights
from stores.runs import RunFilter, RunStore, StoreError, open_store
from tests.support.insights import an_insight, insights
from tests.support.runs import NOON, a_run

AGENT = "support"
SHARED = settings(
    deadline=None,
    max_examples=50,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


def texts(found: list[Insight]) -> list[str]:
    return [insight.question for insight in found]


class InsightsContract:
    """Needs the fixture `url`."""

    @pytest.fixture
    def runs(self, url: str) -> Iterator[RunStore]:
        """With ten runs of `a_run`."""
        store = open_store(url)
        store.put([a_run(number) for number in range(1, 11)], {})
        yield store
        store.close()

    @pytest.fixture
    def store(self, url: str, runs: RunStore) -> Iterator[InsightStore]:
        store = open_insights(url)
        yield store
        store.close()

    # Finding them

    @SHARED
    @given(insight=insights())
    def test_an_insight_comes_back_as_it_was_put(self, store: InsightStore, insight: Insight) -> None:
        store.put([insight])
        assert store.insights(insight.agent, ids=[insight.id]) == [insight]

    def test_other_kinds_are_found_by_who_asks_for_them_alone(self, store: InsightStore) -> None:
        answer, critique = an_insight(1), an_insight(1, kind="critique")
        store.put([answer, critique])
        assert store.insights(AGENT) == [answer]
        assert store.insights(AGENT, kind="critique", runs=critique.runs) == [critique]
        assert store.insight(AGENT, critique.id) is None
        assert store.insight(AGENT, critique.id, kind="critique") == critique
        assert store.ids(AGENT, ["waiting"]) == [answer.id]
        assert store.ids(AGENT, ["waiting"], kind="critique") == [critique.id]
        assert store.counts(AGENT) == store.counts(AGENT, kind="critique") == {"waiting": 1}

    def test_critiques_disturb_nobody_who_keeps_answers(self, store: InsightStore) -> None:
        noted = store.keep(AGENT, None, b"answers")
        store.put([an_insight(1, kind="critique")])
        assert store.keep(AGENT, noted, b"more answers") is not None

    def test_critiques_go_with_their_runs(self, store: InsightStore, runs: RunStore) -> None:
        store.put([an_insight(1, kind="critique")])
        runs.delete(RunFilter(ids=[a_run(1).id]))
        assert store.insights(AGENT, kind="critique") == []

    def test_one_that_is_put_again_takes_the_place_of_the_first(self, store: InsightStore) -> None:
        store.put([an_insight(1), an_insight(2)])
        store.put([an_insight(1, state="admitted")])
        assert store.insights(AGENT) == [an_insight(1, state="admitted"), an_insight(2)]

    def test_they_are_found_by_agent_state_and_run_oldest_first(self, store: InsightStore) -> None:
        both = an_insight(4, runs=(a_run(4).id, a_run(1).id))
        found = [an_insight(3, state="admitted"), an_insight(1), both, an_insight(2, agent="sales")]
        store.put(found)
        assert store.insights(AGENT) == [found[1], found[0], both]
        assert store.insights(AGENT, states=["admitted", "retired"]) == [found[0]]
        assert store.insights(AGENT, runs=[a_run(1).id]) == [found[1], both]
        assert store.insights(AGENT, runs=[]) == []
        assert store.insights("sales") == [found[3]]
        assert store.insights("nobody") == []

    def test_one_is_found_by_its_id_or_the_beginning_of_it(self, store: InsightStore) -> None:
        one, two = an_insight(1, id="aa00"), an_insight(2, id="aa01")
        store.put([one, two])
        for id in ("aa00", "aa0", "a"):
            if id == "aa00":
                assert store.insight(AGENT, id) == one
            else:
                with pytest.raises(StoreError, match=f"'{id}' begins the ids of several .* aa00, aa01"):
                    store.insight(AGENT, id)
        for id in ("", "b", "aa00f", "%"):
            assert store.insight(AGENT, id) is None
        assert store.insight("sales", "aa00") is None
        store.put([an_insight(3, id="aa000")])
        assert store.insight(AGENT, "aa00") == one

    def test_they_are_counted_and_named_by_state(self, store: InsightStore) -> None:
        store.put([an_insight(2), an_insight(1), an_insight(3, state="admitted"), an_insight(4, agent="sales")])
        store.delete([an_insight(2).id])
        assert store.counts(AGENT) == {"waiting": 1, "admitted": 1}
        assert store.ids(AGENT, ["waiting", "admitted"]) == [an_insight(1).id, an_insight(3).id]
        assert store.ids(AGENT, ["retired"]) == []
        assert store.counts("nobody") == {}

    # Deleting

    def test_an_insight_goes_with_any_of_the_runs_it_came_of(self, store: InsightStore, runs: RunStore) -> None:
        store.put([an_insight(1, runs=(a_run(1).id, a_run(2).id)), an_insight(3)])
        runs.delete(RunFilter(ids=[a_run(2).id]))
        assert store.insights(AGENT) == [an_insight(3)]
        assert store.insight(AGENT, an_insight(1).id) is None

    @pytest.mark.parametrize(
        "which", [RunFilter(agent=AGENT), RunFilter(until_ns=NOON * 2), RunFilter(text="password")]
    )
    def test_however_runs_are_deleted_insights_go_with_them(
        self, store: InsightStore, runs: RunStore, which: RunFilter
    ) -> None:
        store.put([an_insight(number) for number in range(1, 11)])
        runs.delete(which, limit=4)
        assert texts(store.insights(AGENT)) == texts([an_insight(number) for number in range(5, 11)])

    def test_what_a_user_wrote_of_anybodys_run_goes_with_the_user(self, store: InsightStore, runs: RunStore) -> None:
        runs.put([a_run(11, user="eve")], {})
        store.put([an_insight(1, writer="ada"), an_insight(2, writer="bob"), an_insight(11)])
        runs.delete(RunFilter(user="ada"))
        assert store.insights(AGENT) == [an_insight(2, writer="bob"), an_insight(11)]
        runs.delete(RunFilter(user="eve"))
        assert store.insights(AGENT) == [an_insight(2, writer="bob")]

    def test_none_is_put_when_a_run_it_came_of_is_gone(self, store: InsightStore, runs: RunStore) -> None:
        runs.delete(RunFilter(ids=[a_run(1).id]))
        store.put([an_insight(1), an_insight(2), an_insight(3, runs=(a_run(3).id, a_run(1).id))])
        assert store.insights(AGENT) == [an_insight(2)]

    def test_one_that_went_with_its_runs_may_come_of_others(self, store: InsightStore, runs: RunStore) -> None:
        store.put([an_insight(1)])
        runs.delete(RunFilter(ids=[a_run(1).id]))
        again = an_insight(1, runs=(a_run(2).id,))
        store.put([again])
        assert store.insights(AGENT) == [again]

    def test_one_that_is_forgotten_for_good_never_comes_back(self, store: InsightStore) -> None:
        store.put([an_insight(1), an_insight(2)])
        assert store.delete([an_insight(1).id, "unknown"]) == 1
        assert store.delete([an_insight(1).id]) == 0
        store.put([an_insight(1), an_insight(2, state="admitted")])
        assert store.insights(AGENT) == [an_insight(2, state="admitted")]

    def test_one_that_is_deleted_otherwise_may_come_back(self, store: InsightStore) -> None:
        store.put([an_insight(1)])
        assert store.delete([an_insight(1).id], for_good=False) == 1
        assert store.insights(AGENT) == []
        store.put([an_insight(1)])
        assert store.insights(AGENT) == [an_insight(1)]

    # Changes

    def test_changes_are_read_a_few_at_a_time_each_insight_once_at_its_last_place(self, store: InsightStore) -> None:
        store.put([an_insight(number) for number in (1, 2, 3)])
        store.put([an_insight(1, state="admitted")])
        read, after = [], 0
        while page := store.changes(after, 2):
            read += page
            after = page[-1].seq
        assert [change.insight for change in read] == [an_insight(2), an_insight(3), an_insight(1, state="admitted")]
        assert {(change.tenant, change.agent) for change in read} == {("default", AGENT)}

    def test_changes_tell_what_was_deleted_without_its_words(self, store: InsightStore, runs: RunStore) -> None:
        store.put([an_insight(number) for number in (1, 2, 3)])
        last = store.changes(0, 10)[-1].seq
        runs.delete(RunFilter(ids=[a_run(1).id]))
        store.delete([an_insight(2).id])
        told = [(change.id, change.agent, change.tenant, change.insight) for change in store.changes(last, 10)]
        assert told == [(an_insight(number).id, AGENT, "default", None) for number in (1, 2)]

    def test_a_change_at_the_last_place_is_never_overwritten_by_the_next(self, store: InsightStore) -> None:
        store.put([an_insight(1)])
        (first,) = store.changes(0, 10)
        store.put([an_insight(1, state="admitted")])
        (second,) = store.changes(0, 10)
        assert second.seq > first.seq

    # What the keeper notes

    def test_what_is_kept_is_noted_together_with_its_insights(self, store: InsightStore) -> None:
        assert store.noted(AGENT) is None
        noted = store.keep(AGENT, None, b"one", [an_insight(1)])
        assert noted == store.noted(AGENT) == Noted(1, b"one")
        assert store.insights(AGENT) == [an_insight(1)]
        assert store.keep(AGENT, noted, b"two") == store.noted(AGENT) == Noted(2, b"two")
        assert store.noted("sales") is None
        assert store.agents() == [AGENT]

    def test_of_two_that_keep_at_once_one_has_to_look_again(self, store: InsightStore) -> None:
        before = store.keep(AGENT, None, b"one")
        assert store.keep(AGENT, None, b"other", [an_insight(1)]) is None
        assert store.keep(AGENT, before, b"two") is not None
        assert store.keep(AGENT, before, b"three", [an_insight(1)]) is None
        assert store.insights(AGENT) == []
        noted = store.noted(AGENT)
        assert noted is not None
        assert noted.document == b"two"

    def test_whoever_puts_or_deletes_meanwhile_has_the_last_word(self, store: InsightStore, runs: RunStore) -> None:
        admitted = [an_insight(number, state="admitted") for number in (1, 2)]
        noted = store.keep(AGENT, None, b"one", admitted)
        for meddle in (
            lambda: store.put([an_insight(1, state="quarantined")]),
            lambda: store.delete([an_insight(2).id]),
            lambda: runs.delete(RunFilter(ids=[a_run(1).id])),
        ):
            meddle()
            assert store.keep(AGENT, noted, b"two", admitted) is None
            noted = store.noted(AGENT)
            assert noted is not None
            assert noted.document == b"one"
        assert store.keep(AGENT, noted, b"two", [an_insight(3)]) is not None
        assert store.insights(AGENT) == [an_insight(3)]

    def test_a_change_before_anything_was_noted_counts_too(self, store: InsightStore) -> None:
        store.put([an_insight(1)])
        assert store.keep(AGENT, None, b"one") is None
        assert store.noted(AGENT) == Noted(1, b"")
        assert store.keep(AGENT, store.noted(AGENT), b"one") == Noted(2, b"one")

    def test_one_that_cannot_be_stored_keeps_out_all(self, store: InsightStore) -> None:
        with pytest.raises(StoreError, match=an_insight(2).id):
            store.put([an_insight(1), an_insight(2, votes=2**70)])
        assert store.insights(AGENT) == []
