"""What is known of critique follows the record: once, in order, when the scores are in, through restarts."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from policies.critique.facts import Critiqued
from policies.critique.settings import WorthSettings
from policies.critique.worth import StratumState
from proxy.config.reward import Reward
from proxy.critique.keeper import CritiqueKeeper, Stores
from proxy.critique.known import Known, known_from
from proxy.critique.terms import CritiqueTerms
from records.run import Run
from records.score import UNSHOWN
from stores.critique_states import CritiqueShares
from stores.insights import open_insights
from stores.ledger import ScoreFilter, open_ledger
from stores.routing import Folded
from stores.runs import RunFilter, StoreBusy, open_store
from stores.states.memory import MemoryStates
from tests.support.critiqued import a_fact, critiqued_run, said, spared
from tests.support.runs import NOON, a_run

SECOND = 10**9
REWARD = Reward.model_validate({"scores": {"task_success": 1}, "wait": "60s"})
TERMS = CritiqueTerms("support", "default", REWARD, WorthSettings(), "c")


class States(MemoryStates[CritiqueShares]):
    """That are away while `away` is set."""

    away = False

    def save(self, before: Folded | None, folded: Folded, published: CritiqueShares) -> bool:
        if self.away:
            raise StoreBusy("away")
        return super().save(before, folded, published)

    @property
    def shares(self) -> dict[str, float]:
        found = self._published.get("support")
        return found.shares if found else {}


class Kept:
    """The stores of one agent, and a keeper that may be started anew. `now_ns` is when it works."""

    def __init__(self, stores: Stores, states: States) -> None:
        self.stores = stores
        self.states = states
        self.now_ns = NOON + 10**6 * SECOND
        self._segment = 0
        self.keeper = self.started()

    def started(self, at_once: int = 100, terms: CritiqueTerms = TERMS) -> CritiqueKeeper:
        return CritiqueKeeper(terms, self.stores, clock=lambda: self.now_ns, at_once=at_once)

    def put(self, *runs: Run) -> None:
        self._segment += 1
        self.stores.runs.put(runs, {"segment": self._segment})

    def settle(self) -> None:
        while self.keeper.step():
            pass

    def call(self, number: int, fact: Critiqued, reward: float | None = None, other: float | None = None) -> Run:
        """A run, and what is said of the version that was shown and of the other."""
        run = critiqued_run(number, fact)
        self.put(run)
        self.say(run, reward, other)
        return run

    def say(self, run: Run, reward: float | None, other: float | None = None) -> None:
        told = ((reward, "task_success"), (other, f"task_success{UNSHOWN}"))
        self.stores.ledger.put_scores([said(run, value, name) for value, name in told if value is not None])

    def blind(self, calls: int, *, first: int = 1) -> None:
        """Calls that a critic breaks more often than it fixes them."""
        random, runs, scores = Random(first), [], []
        for number in range(first, first + calls):
            good = random.random() < 0.7
            flagged = random.random() < (0.4 if good else 0.5)
            after = good if not flagged else random.random() >= (0.7 if good else 0.8)
            run = critiqued_run(number, a_fact(flagged=flagged, revised=flagged, accepted=flagged, critique=""))
            runs.append(run)
            scores.append(said(run, float(after)))
            if flagged:
                scores.append(said(run, float(good), f"task_success{UNSHOWN}"))
        self.put(*runs)
        self.stores.ledger.put_scores(scores)

    @property
    def known(self) -> Known:
        folded = self.states.load("support")
        found = known_from(folded.state) if folded else None
        assert found is not None
        return found

    @property
    def stratum(self) -> StratumState:
        return self.known.critique.strata["question"]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    runs, ledger, insights, states = open_store(url), open_ledger(url), open_insights(url), States()
    yield Kept(Stores(runs, ledger, insights, states), states)
    insights.close()
    ledger.close()
    runs.close()


def test_a_critic_that_harms_is_switched_off_and_a_person_can_read_why(kept: Kept) -> None:
    kept.blind(300)
    kept.settle()
    assert kept.states.shares == {"question": 0.1}
    (decision,) = kept.stores.ledger.decisions("support", kinds=["critique"])
    assert decision.text.startswith("critique switched off for stratum 'question': of ")
    assert (decision.subject, decision.actor, decision.alpha) == ("question", "burnish", 0.2)
    assert decision.evidence["broken"] > decision.evidence["fixed"]
    assert decision.evidence["e_value"] >= 5


def test_while_it_is_worth_it_the_holdout_alone_is_left_out(kept: Kept) -> None:
    kept.call(1, a_fact(), 1.0, 0.0)
    kept.settle()
    assert kept.states.shares == {"question": 0.9}
    kept.keeper = kept.started(terms=TERMS._replace(worth=WorthSettings(holdout=0.3)))
    kept.settle()
    assert kept.states.shares == {"question": 0.7}


def test_calls_without_critique_publish_nothing(kept: Kept) -> None:
    kept.put(a_run(1), critiqued_run(2, a_fact(eligible=False, arm="skipped")), critiqued_run(3, a_fact(), agent="b"))
    kept.settle()
    assert kept.states.load("support") is None


def test_a_call_counts_once_its_scores_are_in_and_no_later_than_their_time_is_over(kept: Kept) -> None:
    run = critiqued_run(1, a_fact())
    kept.now_ns = run.ended_ns + SECOND
    kept.put(run)
    kept.settle()
    assert kept.states.load("support") is None
    kept.say(run, 1.0, 0.0)
    kept.settle()
    assert kept.stratum.tally.fixed == 1
    other = critiqued_run(2, spared())
    kept.put(other)
    kept.settle()
    assert kept.stratum.spared.unrewarded == 0
    kept.now_ns = other.ended_ns + 60 * SECOND
    kept.settle()
    assert kept.stratum.spared.unrewarded == 1


def test_calls_count_in_their_order_so_one_that_waits_keeps_those_behind_it_waiting(kept: Kept) -> None:
    """Else those that chance spared, of which one version has to be judged, would count sooner than the others."""
    first = critiqued_run(1, a_fact())
    kept.now_ns = first.ended_ns + SECOND
    kept.put(first)
    kept.call(2, spared(), 1.0)
    kept.settle()
    assert kept.states.load("support") is None
    kept.say(first, 1.0, 0.0)
    kept.settle()
    assert (kept.stratum.critiqued.calls, kept.stratum.spared.calls) == (1, 1)


def test_a_keeper_that_is_killed_anywhere_counts_each_call_once(kept: Kept) -> None:
    kept.blind(300)
    whole = kept.started(at_once=1_000)
    kept.states.away = True
    with pytest.raises(StoreBusy):
        whole.step()
    kept.states.away = False
    while kept.started(at_once=7).step():
        pass
    assert kept.stratum.calls == 300
    assert len(kept.stores.ledger.decisions("support", kinds=["critique"])) == 1
    before = kept.known
    kept.keeper = kept.started()
    kept.settle()
    assert kept.known == before


def test_of_two_keepers_each_call_is_counted_by_one(kept: Kept) -> None:
    first, second = kept.started(), kept.started()
    kept.call(1, a_fact(), 1.0, 0.0)
    first.step()
    second.step()
    kept.call(2, a_fact(), 1.0, 0.0)
    for keeper in (second, first, second):
        while keeper.step():
            pass
    assert kept.stratum.calls == 2


def test_what_another_version_wrote_is_made_again(kept: Kept) -> None:
    assert kept.states.save(None, Folded(1, b"\x81"), CritiqueShares(agent="support"))
    kept.call(1, a_fact(), 1.0, 0.0)
    kept.settle()
    assert kept.stratum.calls == 1


def test_a_revision_leaves_a_preference_and_a_critique(kept: Kept) -> None:
    run = kept.call(1, a_fact(), 1.0, 0.0)
    kept.settle()
    (score,) = kept.stores.ledger.scores(ScoreFilter(agent="support", evaluator="revision"))
    assert (score.subject, score.value, score.details["unshown"]) == (run.id, 1.0, "Open the door.")
    (insight,) = kept.stores.insights.insights("support", kind="critique")
    assert (insight.question, insight.text, insight.state) == (
        "How do I reset my password?",
        "There is no door.",
        "waiting",
    )
    assert kept.stores.insights.insights("support") == []
    kept.call(2, a_fact(), 0.0, 1.0)
    kept.settle()
    (insight,) = kept.stores.insights.insights("support", kind="critique")
    assert (insight.votes, insight.score) == (2, 0.5)


def test_what_was_deleted_while_it_waited_does_not_come_back_as_a_preference(kept: Kept) -> None:
    run = critiqued_run(1, a_fact())
    kept.now_ns = run.ended_ns + SECOND
    kept.put(run)
    kept.settle()
    kept.stores.runs.delete(RunFilter(ids=[run.id]))
    kept.now_ns += 60 * SECOND
    kept.settle()
    assert kept.stores.ledger.scores(ScoreFilter(agent="support", evaluator="revision")) == []
    assert kept.stores.insights.insights("support", kind="critique") == []


def test_a_full_page_of_calls_that_wait_is_read_once(kept: Kept) -> None:
    kept.keeper = kept.started(at_once=3)
    runs = [critiqued_run(number, a_fact()) for number in range(1, 6)]
    kept.now_ns = runs[-1].ended_ns
    kept.put(*runs)
    assert not kept.keeper.step()
    for run in runs:
        kept.say(run, 1.0, 0.0)
    kept.settle()
    assert kept.stratum.calls == 5
