"""`burnish pairs --strengths`: which variant people prefer, and by how much."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.feedback import Vote
from stores.ledger import Ledger, open_ledger
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import NOON, a_run

MINUTE = 60_000_000_000


class People:
    """Answers of variants, and who preferred which."""

    def __init__(self, recorded: Recorded, ledger: Ledger) -> None:
        self._recorded = recorded
        self._ledger = ledger
        self._runs = 0

    def prefer(self, better: str, worse: str, times: int = 1, *, rater: str | None = None, at_ns: int = NOON) -> None:
        """Each time another rater, unless one is named."""
        for _ in range(times):
            chosen, other = (a_run(self._runs + place, variant=name) for place, name in ((1, better), (2, worse)))
            self._runs += 2
            self._recorded.put(chosen, other)
            vote = Vote("default", "support", chosen.id, rater or f"rater {self._runs}", at_ns)
            self._ledger.put_score(vote.preferred_to(other.id))

    def prefer_to_one_that_is_gone(self) -> None:
        self._ledger.put_score(Vote("default", "support", a_run(1).id, "ada", NOON).preferred_to("0" * 32))


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    recorded = Recorded(tmp_path)
    recorded.put(a_run(9_999))
    return recorded


@pytest.fixture
def people(recorded: Recorded) -> Iterator[People]:
    ledger = open_ledger(f"sqlite:///{recorded.database}")
    yield People(recorded, ledger)
    ledger.close()


def test_variants_are_ranked_by_what_was_preferred(recorded: Recorded, people: People) -> None:
    people.prefer("terse", "base", 30)
    people.prefer("base", "terse", 10)
    people.prefer("base", "long", 6)
    people.prefer("terse", "terse", 2)
    result = recorded.run("pairs", "support", "--strengths")
    assert result.exit_code == 0, result.output
    head, terse, base, long, count, confidence = result.stdout.splitlines()
    assert head.split() == ["variant", "strength", "interval", "wins", "against", "terse", "won", "lost"]
    assert (terse.split()[0], terse.split()[-2:]) == ("terse", ["30", "10"])
    assert (base.split()[0], base.split()[-2:]) == ("base", ["16", "30"])
    assert (long.split()[0], long.split()[-2:]) == ("long", ["0", "6"])
    assert "25% (" in base
    assert count == "by 46 preferences; 2 more are between answers of one variant"
    assert confidence == "all intervals of a column hold at once, with 95%"


def test_programs_get_the_same(recorded: Recorded, people: People) -> None:
    people.prefer("terse", "base", 30)
    people.prefer("base", "terse", 10)
    told = recorded.json("pairs", "support", "--strengths")
    terse, base = told["variants"]["terse"], told["variants"]["base"]
    assert list(told["variants"]) == ["terse", "base"]
    assert (told["pairs"], told["same_variant"], told["best"], told["confidence"]) == (40, 0, "terse", 0.95)
    assert terse["strength"] - base["strength"] == pytest.approx(math.log(3), abs=0.02)
    assert terse["low"] < terse["strength"] < terse["high"]
    assert terse["against_best"] is None
    assert base["against_best"]["wins"] == pytest.approx(0.25, abs=0.01)
    assert base["against_best"]["low"] < 0.25 < base["against_best"]["high"] < 0.5
    assert (base["won"], base["lost"]) == (10, 30)


@pytest.mark.parametrize(("rater", "sure"), [(None, True), ("eve", False)], ids=["many raters", "one"])
def test_what_one_rater_repeats_is_one_opinion(
    recorded: Recorded, people: People, rater: str | None, sure: bool
) -> None:
    people.prefer("terse", "base", 20, rater=rater)
    people.prefer("base", "terse", 5)
    terse = recorded.json("pairs", "support", "--strengths")["variants"]["terse"]
    assert (terse["low"] > 0) is sure


def test_what_was_preferred_earlier_can_be_left_out(recorded: Recorded, people: People) -> None:
    people.prefer("base", "long", 5)
    people.prefer("terse", "base", 5, at_ns=NOON + MINUTE)
    told = recorded.json("pairs", "support", "--strengths", "--since", "2023-11-14T12:00:30Z")
    assert list(told["variants"]) == ["terse", "base"]
    assert (told["pairs"], told["since"]) == (5, "2023-11-14T12:00:30.000Z")


def test_without_preferences_there_are_no_strengths(recorded: Recorded, people: People) -> None:
    assert refusal(recorded.run("pairs", "support", "--strengths")) == (
        "burnish: nobody has preferred an answer of one variant of agent 'support' to another's; "
        "POST /v1/feedback says so, with preferred_over"
    )
    people.prefer("terse", "terse", 3)
    assert "(3 are between answers of one variant)" in refusal(recorded.run("pairs", "support", "--strengths"))


def test_variants_that_no_preference_connects_have_no_strengths_in_common(recorded: Recorded, people: People) -> None:
    people.prefer("terse", "base", 5)
    people.prefer("long", "kind", 5)
    assert refusal(recorded.run("pairs", "support", "--strengths", "--json")) == (
        "burnish: no preference connects the variants base, terse and kind, long of agent 'support', so they have no "
        "strengths in common; have answers of both compared, or leave old pairs out with --since"
    )


def test_preferences_of_runs_that_are_gone_are_passed_over(recorded: Recorded, people: People) -> None:
    people.prefer("terse", "base", 5)
    people.prefer_to_one_that_is_gone()
    assert recorded.json("pairs", "support", "--strengths")["pairs"] == 5


def test_runs_are_looked_up_however_many_they_are(recorded: Recorded, people: People) -> None:
    people.prefer("terse", "base", 210)
    people.prefer("base", "terse", 10)
    assert recorded.json("pairs", "support", "--strengths")["pairs"] == 220


@pytest.mark.parametrize("kind", ["correction", "regeneration"])
def test_only_preferences_compare_variants(recorded: Recorded, kind: str) -> None:
    line = refusal(recorded.run("pairs", "support", "--strengths", "--kind", kind))
    assert line == f"burnish: --strengths are of what was preferred, not of any {kind}: leave out --kind"
