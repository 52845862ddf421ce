"""Incidents follow the record: once, in order, through kills, and through what people decide and delete meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy.guardrails.keeper import IncidentKeeper, Stores
from records.run import Fact, Run, Step
from stores.incidents import IncidentStore, Tally, open_incidents
from stores.ledger import Ledger, ScoreFilter, open_ledger
from stores.runs import RunFilter, open_store
from tests.proxy.guardrails.found import a_run_with, both, verdicts
from tests.support.incidents import a_decision
from tests.support.runs import a_run

AGENT = "support"


class Kept:
    """The stores, and a keeper that may be started anew."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'burnish.db'}"
        self.runs = open_store(url)
        self.incidents: IncidentStore = open_incidents(url)
        self.ledger: Ledger = open_ledger(url)
        self._segment = 0
        self.keeper = self.started()

    def started(self, at_once: int = 100) -> IncidentKeeper:
        return IncidentKeeper(AGENT, Stores(self.runs, self.incidents), at_once=at_once)

    def put(self, *runs: Run) -> None:
        self._segment += 1
        assert self.runs.put(runs, {"segment": self._segment}) == len(runs)

    def scores(self) -> list[tuple[str, str]]:
        return [(score.subject, score.evaluator) for score in reversed(self.ledger.scores(ScoreFilter(agent=AGENT)))]

    def close(self) -> None:
        for store in (self.runs, self.incidents, self.ledger):
            store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


def steps(keeper: IncidentKeeper) -> None:
    while keeper.step():
        pass


def test_a_violation_is_a_score_and_an_incident_with_its_evidence(kept: Kept) -> None:
    run = a_run_with(1, verdicts())
    kept.put(run)
    steps(kept.keeper)
    (incident,) = kept.incidents.incidents(AGENT)
    assert (incident.rule, incident.rule_version, incident.place) == ("secrets.password", 2, "answer")
    assert (incident.action, incident.mode, incident.state, incident.count) == ("rewrite", "enforce", "open", 1)
    assert (incident.evidence, incident.reason, incident.runs) == ("it is •••, so", "a password", (run.id,))
    assert (incident.created_ns, incident.config_hash) == (run.ended_ns, run.config_hash)
    (score,) = kept.ledger.scores(ScoreFilter())
    assert (score.subject, score.evaluator, score.source, score.value) == (
        run.id,
        "guardrails.secrets.password",
        "code",
        0.0,
    )
    assert score.details == {"mode": "enforce", "action": "rewrite", "places": ["answer"], "found": 1}


def test_the_same_secret_in_other_runs_is_the_same_incident_and_another_is_another(kept: Kept) -> None:
    kept.put(
        a_run_with(1, verdicts("hunter2")), a_run_with(2, verdicts("hunter2")), a_run_with(3, verdicts("swordfish"))
    )
    steps(kept.keeper)
    kept.put(a_run_with(4, verdicts("hunter2")), a_run(5))
    steps(kept.keeper)
    assert sorted(incident.count for incident in kept.incidents.incidents(AGENT)) == [1, 3]
    assert len(kept.scores()) == 4


def test_what_is_found_twice_in_one_run_is_seen_in_one_run(kept: Kept) -> None:
    kept.put(a_run_with(1, both(verdicts(places="user"), verdicts()), verdicts(places="history")))
    steps(kept.keeper)
    (incident,) = kept.incidents.incidents(AGENT)
    assert (incident.count, incident.place) == (1, "user")
    (score,) = kept.ledger.scores(ScoreFilter())
    assert score.details["places"] == ["answer", "history", "user"]


def test_shadow_rules_leave_scores_and_incidents_too_and_escalated_ones_come_first(kept: Kept) -> None:
    kept.put(
        a_run_with(1, verdicts("a", actions="escalate")),
        a_run_with(2, verdicts("b", modes="shadow")),
    )
    steps(kept.keeper)
    first, second = kept.incidents.incidents(AGENT)
    assert (first.escalated, second.escalated, second.mode) == (True, False, "shadow")
    assert {score.details["mode"] for score in kept.ledger.scores(ScoreFilter())} == {"enforce", "shadow"}


def test_only_live_runs_of_the_agent_count(kept: Kept) -> None:
    kept.put(a_run_with(1, verdicts(), source="replay"), a_run_with(2, verdicts(), agent="other"), a_run(3))
    steps(kept.keeper)
    assert (kept.incidents.incidents(), kept.scores()) == ([], [])


@pytest.mark.parametrize(
    "attributes",
    [{}, {"verdict": "flag", "rules": "secrets"}, {"verdict": "flag", "rules": ["a"], "modes": ["shadow"]}],
)
def test_a_plugins_fact_that_says_something_else_stops_nothing(kept: Kept, attributes: dict[str, object]) -> None:
    odd = Step("theirs", 1, 2, (Fact("guard_verdicts", attributes),))
    kept.put(a_run(1, steps=(odd,)), a_run_with(2, verdicts()))
    steps(kept.keeper)
    assert [incident.runs for incident in kept.incidents.incidents()] == [(a_run(2).id,)]


def killed(kept: Kept) -> None:
    """Between two steps."""
    kept.keeper = kept.started()


def crowded(kept: Kept) -> None:
    """Another process keeps incidents as well."""
    steps(kept.started(at_once=1))


def broken_off(kept: Kept) -> None:
    """In the middle of a step, before anything is committed."""

    class Gone(Exception):
        pass

    class Dying:
        def keep(self, *given: object, **named: object) -> None:
            raise Gone

        def __getattr__(self, name: str) -> object:
            return getattr(kept.incidents, name)

    dying = IncidentKeeper(AGENT, Stores(kept.runs, Dying()))  # type: ignore[arg-type]  # as far as it lives
    with pytest.raises(Gone):
        dying.step()


@pytest.mark.parametrize("mishap", [killed, crowded, broken_off], ids=lambda mishap: mishap.__name__)
def test_whatever_happens_each_run_counts_once(kept: Kept, mishap: Callable[[Kept], None]) -> None:
    for number in range(1, 8):
        kept.put(a_run_with(number, verdicts()), a_run_with(100 + number, verdicts(f"another {number}")))
        mishap(kept)
        steps(kept.keeper)
    assert kept.incidents.tallies(AGENT) == {"secrets.password": Tally(14, 8, 0, 0)}
    assert max(incident.count for incident in kept.incidents.incidents()) == 7
    assert len(kept.scores()) == len(set(kept.scores())) == 14


def test_what_a_person_decided_stays_decided_when_it_is_seen_again(kept: Kept) -> None:
    kept.put(a_run_with(1, verdicts()))
    steps(kept.keeper)
    (incident,) = kept.incidents.incidents()
    kept.incidents.dismiss(incident.id, "ada", "A test key.", a_decision())
    kept.put(a_run_with(2, verdicts()))
    steps(kept.keeper)
    (again,) = kept.incidents.incidents()
    assert (again.state, again.because, again.count) == ("dismissed", "A test key.", 2)


def test_a_run_that_is_deleted_meanwhile_leaves_nothing(kept: Kept) -> None:
    kept.put(a_run_with(1, verdicts()), a_run_with(2, verdicts()))
    deleting = Deleting(kept, a_run(1).id)
    steps(IncidentKeeper(AGENT, Stores(deleting, kept.incidents)))  # type: ignore[arg-type]  # a store of runs but for one
    (incident,) = kept.incidents.incidents()
    assert (incident.runs, incident.count) == ((a_run(2).id,), 1)
    assert kept.scores() == [(a_run(2).id, "guardrails.secrets.password")]


class Deleting:
    """A store of runs in which somebody deletes one just after it was read."""

    def __init__(self, kept: Kept, run: str) -> None:
        self._kept = kept
        self._run = run

    def after(self, *given: int | str, **named: str) -> object:
        found = self._kept.runs.after(*given, **named)  # type: ignore[arg-type]  # handed on
        self._kept.runs.delete(RunFilter(ids=[self._run]))
        return found


def test_runs_are_read_page_by_page_to_the_end(kept: Kept) -> None:
    kept.put(*(a_run_with(number, verdicts()) for number in range(1, 8)))
    steps(kept.started(at_once=2))
    assert kept.incidents.tallies(AGENT) == {"secrets.password": Tally(7, 1, 0, 0)}
