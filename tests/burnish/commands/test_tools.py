"""`burnish tools`: figures, states and why; notes proposed from failures."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from policies.tools.settings import BreakerSettings
from proxy.tools.keeper import Stores, ToolKeeper
from records.run import Run, ToolEvent
from stores.runs import open_store
from stores.states.sqlite import SqliteStates
from stores.tool_states import TOOLS
from tests.burnish.commands.agents import ledger_of, with_agents
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import NOON, a_run

SECOND = 10**9
HEAD = "tool state calls fails interval caller timeout empty p50 p95 why"


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    found = with_agents(tmp_path)
    found.width = 200
    return found


def call(number: int, tool: str, result: str, arguments: str = '{"q": "x"}', outcome: str = "unknown") -> Run:
    """A run, a second after the last, that brings the result of a call of two seconds."""
    at, id = NOON + number * SECOND, f"{number:032x}"
    event = ToolEvent(
        call_id="1",
        name=tool,
        arguments=arguments,
        result=result,
        outcome=outcome,
        asked_by="before",
        started_ns=at - 2 * SECOND,
        ended_ns=at,
    )
    return a_run(id=id, trace_id=id, agent="support", session=f"s{number}", tools=(event,), started_ns=at)


def folded(recorded: Recorded, runs: Sequence[Run]) -> None:
    """What the background process makes of these runs."""
    store, ledger = open_store(f"sqlite:///{recorded.database}"), ledger_of(recorded)
    states = SqliteStates(recorded.database.parent / "state.db", TOOLS)
    try:
        store.put(runs, {"segment": len(runs)})
        while ToolKeeper("support", BreakerSettings(), Stores(store, ledger, states)).step():
            pass
    finally:
        states.close()
        ledger.close()
        store.close()


def some_calls() -> list[Run]:
    fine = [call(number, "search", "a page") for number in range(1, 31)]
    empty = [call(number, "news", "[]") for number in range(31, 34)]
    wrong = [call(number, "search", "Error: q is required", "{}") for number in range(34, 36)]
    broken = [call(number, "weather", "Error: timed out") for number in range(40, 45)]
    return [*fine, *empty, *wrong, *broken]


def test_tools_are_listed_with_their_rates_latencies_states_and_why(recorded: Recorded) -> None:
    folded(recorded, some_calls())
    lines = recorded.run("tools", "support").stdout.splitlines()
    assert lines[0].split() == HEAD.split()
    # Those that fail are first; the trials of this one could begin years ago.
    assert lines[1].split()[:4] == ["weather", "half", "open", "5"]
    assert "5 failures in a row, where 5% are usual; since" in lines[1]
    assert lines[2].split()[:3] == ["search", "closed", "32"]
    assert "0.8% 0.0% to 11.8%" in " ".join(lines[2].split())
    assert lines[3].split()[:3] == ["news", "closed", "3"]


def test_each_shape_of_arguments_can_be_told_apart(recorded: Recorded) -> None:
    folded(recorded, some_calls())
    assert "q: word" not in recorded.run("tools", "support").stdout
    lines = recorded.run("tools", "support", "--shapes").stdout.splitlines()
    assert [line.split()[:3] for line in lines[4:6]] == [["q:", "word", "30"], ["no", "arguments", "2"]]


def test_json_says_all_that_is_known(recorded: Recorded) -> None:
    folded(recorded, some_calls())
    told = recorded.json("tools", "support")
    assert list(told["tools"]) == ["weather", "search", "news"]
    weather, search = told["tools"]["weather"], told["tools"]["search"]
    assert (weather["state"], weather["why"]) == ("half_open", "5 failures in a row, where 5% are usual")
    assert weather["since"] == "2023-11-14T12:00:44.000Z"
    assert search["outcomes"] == {"ok": 30, "empty": 0, "caller_error": 2, "tool_error": 0, "timeout": 0}
    assert search["state"] == "closed"
    assert search["seconds"]["p95"] == pytest.approx(2, rel=0.1)
    low, high = search["interval"]
    assert 0 < low < search["failing"] < high < 0.12
    assert search["shapes"]["no arguments"]["outcomes"]["caller_error"] == 2
    assert told["all_fail_since"] is None


def test_that_everything_fails_is_said(recorded: Recorded) -> None:
    tools = [f"tool {letter}" for letter in "abcd"]
    folded(recorded, [call(number, tools[number % 4], "Error: no network") for number in range(1, 60)])
    assert "All tools fail since" in recorded.run("tools", "support").stdout
    told = recorded.json("tools", "support")
    assert told["all_fail_since"]
    assert {tool["state"] for tool in told["tools"].values()} == {"closed"}


def test_what_opened_a_breaker_is_among_the_decisions(recorded: Recorded) -> None:
    folded(recorded, some_calls())
    (decision,) = recorded.lines("variants", "log", "support", "--kind", "breaker")
    assert decision["subject"] == "weather"


def lookups(recorded: Recorded) -> None:
    runs = []
    for number in range(1, 121):
        old = number % 2 == 1
        arguments = f'{{"date": "{1999 - number % 20 if old else 2000 + number % 20}-05-01"}}'
        said = "Error: date must be 2000-01-01 or later" if old else "1.07"
        runs.append(call(number, "rates", said, arguments))
    folded(recorded, runs)


def test_notes_are_proposed_as_drafts_that_can_be_started(recorded: Recorded) -> None:
    lookups(recorded)
    said = recorded.run("tools", "support", "--propose").stdout
    assert "note-rates  proposed" in said
    assert "fail when `date` is before 2000-01-01" in said
    assert "60 of 60 such calls failed, 0 of 60 others" in said
    assert "`burnish variants start support note-rates` gives it traffic" in said
    (draft,) = (each for each in recorded.lines("variants", "support") if each["name"] == "note-rates")
    assert (draft["state"], draft["origin"], list(draft["changes"])) == ("draft", "tool_notes", ["tools"])
    assert recorded.run("variants", "start", "support", "note-rates").exit_code == 0
    again = recorded.run("tools", "support", "--propose").stdout
    assert "note-rates  known already, canary" in again


def test_proposals_as_json_are_one_a_line(recorded: Recorded) -> None:
    lookups(recorded)
    (told,) = recorded.lines("tools", "support", "--propose")
    assert (told["tool"], told["variant"], told["state"], told["new"]) == ("rates", "note-rates", "draft", True)
    assert told["note"].startswith("Past calls: fail when `date` is before 2000-01-01.")


def test_nothing_to_note_is_said(recorded: Recorded) -> None:
    folded(recorded, some_calls())
    assert "Nothing to note" in recorded.run("tools", "support", "--propose").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("support",), "nothing is known of the tools of 'support' yet"),
        (("sales",), "its middleware has no tool_outcomes"),
        (("suport",), "has no agent 'suport'; did you mean 'support'?"),
        (("support", "--propose"), "no call has been recorded there yet"),
        (("support", "--propose", "--since", "when"), "--since"),
    ],
)
def test_what_cannot_be_told_is_said_in_a_line(recorded: Recorded, arguments: Sequence[str], complaint: str) -> None:
    assert complaint in refusal(recorded.run("tools", *arguments))


def test_since_belongs_to_proposals(recorded: Recorded) -> None:
    folded(recorded, some_calls())
    assert "--since goes with --propose" in refusal(recorded.run("tools", "support", "--since", "1d"))
