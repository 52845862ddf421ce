"""What every store of incidents promises. A database's own test module derives from `IncidentsContract`."""

from collections.abc import Iterator

import pytest

from stores.cases import CaseStore, open_cases
from stores.guard_rules import GuardRuleStore, open_guard_rules, signed
from stores.incidents import Confirmation, IncidentStore, Noted, Tally, open_incidents
from stores.ledger import Ledger, ScoreFilter, open_ledger
from stores.runs import RunFilter, RunStore, StoreError, open_store
from tests.support.incidents import SECRET, a_case, a_decision, a_policy, an_incident
from tests.support.runs import NOON, a_run
from tests.support.scores import a_score

AGENT = "support"


def a_confirmation(number: int = 1, **changes: object) -> Confirmation:
    """Of `an_incident`, in an agent that has learned no rule yet."""
    found = {
        "incident": an_incident(number).id,
        "actor": "ada",
        "because": "It was one.",
        "policy": signed(SECRET, a_policy(1, "guidelines")),
        "parent": 0,
        "case": a_case(number),
        "decision": a_decision(),
        **changes,
    }
    return Confirmation(**found)  # type: ignore[arg-type]  # each is what the field of its name takes


class IncidentsContract:
    """Needs the fixture `url`."""

    @pytest.fixture
    def runs(self, url: str) -> Iterator[RunStore]:
        """With ten runs of `a_run`."""
        store = open_store(url)
        store.put([a_run(number) for number in range(1, 11)], {})
        yield store
        store.close()

    @pytest.fixture
    def store(self, url: str, runs: RunStore) -> Iterator[IncidentStore]:
        store = open_incidents(url)
        yield store
        store.close()

    @pytest.fixture
    def rules(self, url: str, runs: RunStore) -> Iterator[GuardRuleStore]:
        store = open_guard_rules(url)
        yield store
        store.close()

    @pytest.fixture
    def cases(self, url: str, runs: RunStore) -> Iterator[CaseStore]:
        store = open_cases(url)
        yield store
        store.close()

    @pytest.fixture
    def ledger(self, url: str, runs: RunStore) -> Iterator[Ledger]:
        ledger = open_ledger(url)
        yield ledger
        ledger.close()

    # Finding them

    def test_an_incident_comes_back_as_it_was_put_and_is_replaced_by_its_id(self, store: IncidentStore) -> None:
        odd = an_incident(2, reason="a\0b", sightings=(), because="\N{SNOWMAN}", created_ns=2**64 - 1)
        noted = store.keep(AGENT, None, b"1", [an_incident(1), odd])
        again = an_incident(1).seen_again(an_incident(3))
        store.keep(AGENT, noted, b"2", [again])
        assert {each.id: each for each in store.incidents(AGENT)} == {odd.id: odd, again.id: again}

    def test_escalated_ones_come_first_and_then_those_seen_last(self, store: IncidentStore) -> None:
        asked = an_incident(1, escalated=True)
        others = [an_incident(2), an_incident(3, state="dismissed"), an_incident(4, agent="sales")]
        store.keep(AGENT, None, b"", [asked, *others])
        assert store.incidents() == [asked, others[2], others[1], others[0]]
        assert store.incidents(AGENT, states=["open"]) == [asked, others[0]]
        assert store.incidents(AGENT, limit=1) == [asked]
        assert store.incidents(ids=[others[1].id, "none"]) == [others[1]]
        assert store.counts() == {"open": 3, "dismissed": 1}
        assert store.counts("sales") == {"open": 1}

    def test_one_is_found_by_its_id_or_the_beginning_of_it(self, store: IncidentStore) -> None:
        store.keep(AGENT, None, b"", [an_incident(1, id="aa00"), an_incident(2, id="aa01", agent="sales")])
        assert store.incident("aa00") == an_incident(1, id="aa00")
        assert store.incident("aa0", "sales") == an_incident(2, id="aa01", agent="sales")
        with pytest.raises(StoreError, match="begins the ids of several incidents: aa00, aa01"):
            store.incident("aa")
        for id in ("", "b", "%"):
            assert store.incident(id) is None

    def test_what_became_of_a_rules_incidents_is_counted(self, store: IncidentStore) -> None:
        found = [
            an_incident(1, count=5),
            an_incident(2, state="confirmed"),
            an_incident(3, state="dismissed", count=2),
            an_incident(4, rule="secrets"),
            an_incident(5, agent="sales"),
        ]
        store.keep(AGENT, None, b"", found)
        assert store.tallies(AGENT) == {"injection.model": Tally(8, 1, 1, 1), "secrets": Tally(1, 1, 0, 0)}

    # The keeper's own

    def test_what_is_noted_is_replaced_together_with_incidents_and_scores(
        self, store: IncidentStore, ledger: Ledger
    ) -> None:
        assert store.noted(AGENT) is None
        score = a_score(1)
        first = store.keep(AGENT, None, b"one", [an_incident(1)], [score], runs=[a_run(1).id])
        assert first == store.noted(AGENT) == Noted(1, b"one")
        second = store.keep(AGENT, first, b"two", [], [score])
        assert second == Noted(2, b"two")
        assert ledger.scores(ScoreFilter()) == [score]

    def test_who_has_not_read_what_is_noted_now_changes_nothing(self, store: IncidentStore) -> None:
        first = store.keep(AGENT, None, b"one")
        assert store.keep(AGENT, None, b"other", [an_incident(1)]) is None
        assert store.keep(AGENT, Noted(7, b""), b"other", [an_incident(1)]) is None
        assert (store.noted(AGENT), store.incidents()) == (first, [])

    def test_who_read_a_run_that_is_gone_changes_nothing(self, store: IncidentStore, runs: RunStore) -> None:
        runs.delete(RunFilter(ids=[a_run(1).id]))
        assert store.keep(AGENT, None, b"", [an_incident(1)], [a_score(1)], runs=[a_run(1).id]) is None
        assert store.incidents() == []

    def test_a_persons_decision_makes_the_keeper_look_again(self, store: IncidentStore) -> None:
        noted = store.keep(AGENT, None, b"one", [an_incident(1), an_incident(2)])
        store.dismiss(an_incident(1).id, "ada", "It was nothing.", a_decision())
        assert store.keep(AGENT, noted, b"two") is None
        noted = store.noted(AGENT)
        store.confirm(a_confirmation(2))
        assert store.keep(AGENT, noted, b"two") is None
        assert store.noted(AGENT) == Noted(3, b"one")

    # What a person makes of them

    def test_confirming_makes_a_rule_a_case_and_a_decision(
        self, store: IncidentStore, rules: GuardRuleStore, cases: CaseStore, ledger: Ledger
    ) -> None:
        store.keep(AGENT, None, b"", [an_incident(1)])
        confirmation = a_confirmation()
        now = store.confirm(confirmation)
        assert (now.state, now.decided_by, now.because) == ("confirmed", "ada", "It was one.")
        assert store.incident(now.id) == now
        assert rules.live(AGENT) == 1
        assert rules.policy(AGENT, 1) == confirmation.policy
        assert cases.cases(AGENT) == [confirmation.case]
        assert ledger.decisions(AGENT) == [confirmation.decision]

    def test_confirming_may_need_neither_a_rule_nor_a_case(
        self, store: IncidentStore, rules: GuardRuleStore, cases: CaseStore, ledger: Ledger
    ) -> None:
        store.keep(AGENT, None, b"", [an_incident(1)])
        assert store.confirm(a_confirmation(policy=None, case=None)).state == "confirmed"
        assert (rules.policies(AGENT), cases.cases(AGENT), len(ledger.decisions(AGENT))) == ([], [], 1)

    def test_dismissing_keeps_who_and_why(self, store: IncidentStore, ledger: Ledger) -> None:
        store.keep(AGENT, None, b"", [an_incident(1)])
        now = store.dismiss(an_incident(1).id, "ada", "A quotation.", a_decision())
        assert (now.state, now.decided_by, now.because) == ("dismissed", "ada", "A quotation.")
        assert ledger.decisions(AGENT) == [a_decision()]

    def test_what_was_decided_is_not_decided_again(self, store: IncidentStore, ledger: Ledger) -> None:
        store.keep(AGENT, None, b"", [an_incident(1)])
        store.dismiss(an_incident(1).id, "ada", "", a_decision())
        with pytest.raises(StoreError, match="is dismissed by now, by ada"):
            store.confirm(a_confirmation(decision=a_decision("e")))
        with pytest.raises(StoreError, match="there is no incident 'none'"):
            store.dismiss("none", "ada", "", a_decision("e"))
        assert ledger.decisions(AGENT) == [a_decision()]

    @pytest.mark.parametrize("moved", ["other rules are live", "the run is gone"])
    def test_confirming_what_has_changed_meanwhile_changes_nothing(
        self, store: IncidentStore, rules: GuardRuleStore, cases: CaseStore, ledger: Ledger, runs: RunStore, moved: str
    ) -> None:
        store.keep(AGENT, None, b"", [an_incident(1)])
        if moved == "the run is gone":
            runs.delete(RunFilter(ids=[a_run(1).id]))
        else:
            rules.put(signed(SECRET, a_policy(1, "other")), 0, a_decision("first"))
        before = (store.incidents(), store.noted(AGENT), rules.policies(AGENT), rules.live(AGENT))
        decided = ledger.decisions(AGENT)
        with pytest.raises(StoreError, match=r"deleted by now|are version 1 by now, no longer 0"):
            store.confirm(a_confirmation(policy=signed(SECRET, a_policy(2, "guidelines"))))
        assert (store.incidents(), store.noted(AGENT), rules.policies(AGENT), rules.live(AGENT)) == before
        assert (cases.cases(AGENT), ledger.decisions(AGENT)) == ([], decided)

    # Deleting

    def test_what_was_seen_in_a_run_goes_with_it_and_that_it_was_seen_stays(
        self, store: IncidentStore, runs: RunStore
    ) -> None:
        both = an_incident(1).seen_again(an_incident(2))
        noted = store.keep(AGENT, None, b"", [both, an_incident(3)])
        runs.delete(RunFilter(ids=[a_run(1).id]))
        left = store.incident(both.id)
        assert left is not None
        assert (left.count, left.sightings, left.evidence) == (2, both.sightings[1:], both.sightings[1].evidence)
        runs.delete(RunFilter(ids=[a_run(2).id]))
        left = store.incident(both.id)
        assert left is not None
        assert (left.count, left.sightings, left.evidence) == (2, (), "")
        assert store.incident(an_incident(3).id) == an_incident(3)
        assert store.keep(AGENT, noted, b"") is None

    @pytest.mark.parametrize("which", [RunFilter(user="eve"), RunFilter(until_ns=NOON * 2), RunFilter(agent=AGENT)])
    def test_however_runs_are_deleted_incidents_and_cases_lose_what_came_of_them(
        self, store: IncidentStore, cases: CaseStore, runs: RunStore, which: RunFilter
    ) -> None:
        runs.put([a_run(11, user="eve")], {})
        store.keep(AGENT, None, b"", [an_incident(11)])
        store.confirm(a_confirmation(11))
        assert len(cases.cases(AGENT)) == 1
        runs.delete(which)
        (left,) = store.incidents(AGENT)
        assert (left.state, left.sightings) == ("confirmed", ())
        assert cases.cases(AGENT) == []
