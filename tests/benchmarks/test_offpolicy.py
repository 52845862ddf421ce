"""The off-policy benchmark: logs as defined, figures of known logs, verdicts and pages."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from benchmarks.offpolicy.__main__ import main
from benchmarks.offpolicy.cases import CASES, METHODS, Figures, play
from benchmarks.offpolicy.logs import FIVE, REFRESHED, World, log
from benchmarks.offpolicy.report import GOALS, generated, mean, write


def figures(name: str, value: float) -> Figures:
    found: Figures = {}
    for arm in CASES[name].world.means:
        found[f"error sample {arm}"] = value
        for way in ("bootstrap", *METHODS):
            found |= {f"{figure} {way} {arm}": value for figure in ("error", "covered", "width")}
    return found | {f"covered {method} all": value for method in METHODS}


def test_the_log_is_of_1_500_decisions_of_five_arms() -> None:
    assert list(FIVE.means.values()) == [0.5, 0.55, 0.6, 0.65, 0.75]
    decisions = log(FIVE, seed=1)
    assert len(decisions) == 1_500
    assert Counter(decision.variant for decision in decisions).most_common(1)[0][0] == "e"
    assert decisions == log(FIVE, seed=1) != log(FIVE, seed=2)


def test_propensities_keep_the_floor_and_change_every_25_decisions() -> None:
    decisions = log(FIVE, seed=1)
    assert min(decision.propensity for decision in decisions) >= 0.05 - 1e-9
    by_epoch = [decisions[start : start + REFRESHED] for start in range(0, len(decisions), REFRESHED)]
    for epoch in by_epoch:
        shares = {
            decision.variant: {one.propensity for one in epoch if one.variant == decision.variant} for decision in epoch
        }
        assert all(len(found) == 1 for found in shares.values())
    assert len({decision.propensity for decision in decisions if decision.variant == "e"}) > 30


def test_turns_of_a_session_share_an_arm_and_mostly_a_reward() -> None:
    decisions = log(replace(FIVE, turns=5, alike=0.8), seed=1)
    sessions: dict[str | None, list[float | None]] = {}
    for decision in decisions:
        sessions.setdefault(decision.session, []).append(decision.reward)
    assert {len(rewards) for rewards in sessions.values()} == {5}
    assert len({(decision.session, decision.variant) for decision in decisions}) == 300
    assert fmean(len(set(rewards)) == 1 for rewards in sessions.values()) > 0.5


def test_only_failures_of_the_first_arm_are_lost() -> None:
    decisions = log(World({"a": 0.5, "b": 0.5}, lost=0.5), seed=1)
    assert {decision.variant for decision in decisions if decision.reward is None} == {"a"}
    rewards = [decision.reward for decision in decisions if decision.variant == "a"]
    assert fmean(reward is None for reward in rewards) == pytest.approx(0.25, abs=0.08)


def test_turns_taken_for_sessions_make_intervals_too_narrow() -> None:
    sessions, alone = play("sessions", 1), play("alone", 1)
    assert alone["width snips e"] < 0.7 * sessions["width snips e"]
    assert alone["error snips e"] == sessions["error snips e"]


def test_goals_are_judged_by_the_means() -> None:
    assert {goal.verdict({}) for goal in GOALS} == {"not played"}
    assert [goal.verdict({"five": [figures("five", 0.0)]}) for goal in GOALS] == ["met"] * 3 + ["missed"] * 6
    assert [goal.verdict({"five": [figures("five", 1.0)]}) for goal in GOALS] == ["missed"] * 3 + ["met"] * 6
    assert mean([{"x": 1.0}, {"x": 3.0}, {}], "x") == pytest.approx((2.0, 1.0))


def test_joint_intervals_are_asked_to_be_what_they_say_up_to_the_error_of_so_many_logs() -> None:
    joint = [goal for goal in GOALS if goal.nominal]
    assert len(joint) == len(METHODS)

    def verdicts(held: int, logs: int) -> set[str]:
        played = [figures("five", float(number < held)) for number in range(logs)]
        return {goal.verdict({"five": played}) for goal in joint}

    # Of 1,900 logs .95 has a standard error of .005, of 19 one of .05.
    assert joint[0].error(1_900) == pytest.approx(0.005)
    assert (verdicts(1_796, 1_900), verdicts(1_795, 1_900)) == ({"met"}, {"missed"})
    assert (verdicts(18, 19), verdicts(17, 19)) == ({"met"}, {"missed"})


def test_the_page_has_a_table_a_case(tmp_path: Path) -> None:
    found = {name: [figures(name, 0.5), figures(name, 0.5)] for name in CASES}
    write(found, tmp_path)
    page = (tmp_path / "estimates.md").read_text()
    assert generated(found) in page
    assert all(case.title in page for case in CASES.values())
    assert "+0.500, 50.0%, 0.50" in page


def test_a_case_can_be_played_by_itself_and_leaves_the_page_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--logs", "2", "--jobs", "1", "--only", "rare", "--docs", str(tmp_path)]) == 0
    assert "| arms of .02 to .98, 300 decisions | plain mean |" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
