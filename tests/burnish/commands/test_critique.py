"""`burnish critique`: what critique does in each kind of call, what it costs, and why it is on or off."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from policies.critique.settings import WorthSettings
from proxy.config.reward import Reward
from proxy.critique.keeper import CritiqueKeeper, Stores
from proxy.critique.terms import CritiqueTerms
from records.run import Run
from records.score import UNSHOWN, Score
from stores.critique_states import CRITIQUE
from stores.insights import open_insights
from stores.runs import open_store
from stores.states.sqlite import SqliteStates
from tests.burnish.commands.agents import ledger_of, with_agents
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.critiqued import a_fact, critiqued_run, said, spared
from tests.support.runs import NOON

TERMS = CritiqueTerms("support", "acme", Reward.model_validate({"scores": {"task_success": 1}}), WorthSettings(), "c")


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    found = with_agents(tmp_path)
    found.width = 400
    written = found.config.read_text()
    found.config.write_text(written.replace("- tool_outcomes", "- self_critique: {explore: 0.05}"))
    return found


def folded(recorded: Recorded, runs: Sequence[Run], scores: Sequence[Score]) -> None:
    """What the background process makes of these runs."""
    url = f"sqlite:///{recorded.database}"
    store, ledger, insights = open_store(url), ledger_of(recorded), open_insights(url)
    states = SqliteStates(recorded.database.parent / "state.db", CRITIQUE)
    try:
        store.put(runs, {"segment": len(runs)})
        ledger.put_scores(scores)
        keeper = CritiqueKeeper(TERMS, Stores(store, ledger, insights, states), clock=lambda: NOON + 10**15)
        while keeper.step():
            pass
    finally:
        states.close()
        insights.close()
        ledger.close()
        store.close()


def harmed(calls: int) -> tuple[list[Run], list[Score]]:
    """Right answers that were flagged and broken, and one call in ten that chance spared."""
    runs, scores = [], []
    for number in range(1, calls + 1):
        run = critiqued_run(number, spared() if number % 10 == 0 else a_fact())
        runs.append(run)
        scores.append(said(run, float(number % 10 == 0)))
        if number % 10:
            scores.append(said(run, 1.0, f"task_success{UNSHOWN}"))
    return runs, scores


def test_it_says_why_critique_was_switched_off_and_what_it_did(recorded: Recorded) -> None:
    folded(recorded, *harmed(40))
    heading, why, *lines = recorded.run("critique", "support").stdout.splitlines()
    assert heading.startswith("question  off since ")
    assert heading.endswith("given to 5% of the answers predicted low")
    assert "critique switched off for stratum 'question': of 6 right answers it flagged 6 and broke 6" in why
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert told["right"].startswith("98% (")
    assert told["right"].endswith("before critique, of 36 that were judged")
    assert told["break"].startswith("99% (")
    assert told["gain"].startswith("-0.9")
    assert told["uplift"].startswith("-1.000 (")
    assert told["uplift"].endswith("by rewards: 36 critiqued calls, 4 that chance spared")
    assert (
        told["costs"]
        == "$0.0020, 300 tokens and 1.50 s a critiqued call; of 36 critiqued 36 were revised, and 36 revisions accepted"
    )


def test_json_says_all_that_is_known_with_intervals(recorded: Recorded) -> None:
    folded(recorded, *harmed(40))
    question = recorded.json("critique", "support")["strata"]["question"]
    assert (question["on"], question["share"]) == (False, 0.05)
    assert question["why"].startswith("critique switched off for stratum 'question'")
    assert question["breaks"]["low"] < question["breaks"]["value"] < question["breaks"]["high"]
    assert (question["uplift"]["value"], question["uplift"]["spared"]) == (-1.0, 4)
    assert question["uplift"]["low"] < -1.0 < question["uplift"]["high"]
    assert question["calls"] == {"critiqued": 36, "asked": 36, "spared": 4, "revised": 36, "accepted": 36}
    assert question["costs"]["usd"] == pytest.approx(0.072)
    assert question["costs"]["seconds_per_call"] == pytest.approx(1.5)


def test_while_little_is_known_it_says_so(recorded: Recorded) -> None:
    folded(recorded, [critiqued_run(1, a_fact())], [])
    lines = recorded.run("critique", "support").stdout.splitlines()
    assert lines[0] == "question  on, given to 90% of the answers predicted low"
    assert lines[1].strip() == "why it starts on; nothing is known yet"
    assert lines[2].strip() == "uplift not known yet by rewards: 0 critiqued calls, 0 that chance spared"
    told = recorded.json("critique", "support")["strata"]["question"]
    assert told["right"] is told["gain"] is told["uplift"]["value"] is told["since"] is None


def test_where_nothing_is_known_it_says_what_is_missing(recorded: Recorded) -> None:
    assert "nothing is known of the critique of 'support' yet" in refusal(recorded.run("critique", "support"))
    assert "its middleware has no self_critique" in refusal(recorded.run("critique", "sales"))


def test_decisions_are_in_the_log_of_the_agent(recorded: Recorded) -> None:
    folded(recorded, *harmed(40))
    (line,) = recorded.lines("variants", "log", "support", "--kind", "critique")
    assert line["text"].startswith("critique switched off for stratum 'question'")
