"""`burnish pairs`: answers of which one is known to be better."""

from pathlib import Path

import pytest

from records.feedback import Vote
from stores.ledger import open_ledger
from tests.burnish.commands.recorded import Recorded
from tests.support.runs import NOON, a_run, answering, asking

FIRST = a_run(1, session="s", request=asking("hello"), answer=answering("Hm."))
SECOND = a_run(2, session="s", request=asking("hello"), answer=answering("Hello!"), variant="terse")
ON = a_run(3, session="s", request=asking("hello", "Hello!", "and now?"), answer=answering("Now this."))


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """A conversation in which an answer was asked for again, and corrected."""
    recorded = Recorded(tmp_path)
    recorded.put(FIRST, SECOND, ON)
    ledger = open_ledger(f"sqlite:///{recorded.database}")
    ledger.put_score(Vote("default", "support", FIRST.id, "ada", NOON).correction("Good day."))
    ledger.close()
    return recorded


def test_pairs_are_listed_with_how_they_are_known(recorded: Recorded) -> None:
    result = recorded.run("pairs", "support")
    assert result.exit_code == 0
    head, corrected, again = result.stdout.splitlines()
    assert head.split() == ["time", "kind", "chosen", "rejected", "better", "worse"]
    assert "correction" in corrected
    assert "Good day." in corrected
    assert again.split()[2:5] == ["regeneration", SECOND.id[:8], FIRST.id[:8]]


def test_programs_get_what_trainers_of_preferences_read(recorded: Recorded) -> None:
    corrected, again = recorded.lines("pairs", "support")
    assert corrected["prompt"] == again["prompt"] == [{"role": "user", "content": "hello"}]
    assert again["chosen"] == [{"role": "assistant", "content": "Hello!"}]
    assert again["rejected"] == corrected["rejected"] == [{"role": "assistant", "content": "Hm."}]
    assert again["provenance"] == {
        "kind": "regeneration",
        "time": "2023-11-14T12:00:03.000Z",
        "tenant": "default",
        "agent": "support",
        "source": "implicit",
        "rater": None,
        "score": None,
        "told_by": ON.id,
        "chosen": SECOND.id,
        "chosen_variant": "terse",
        "rejected": FIRST.id,
        "rejected_variant": "base",
    }


def test_one_kind_can_be_asked_for(recorded: Recorded) -> None:
    (pair,) = recorded.lines("pairs", "support", "--kind", "correction")
    assert pair["provenance"]["kind"] == "correction"


def test_what_is_known_and_cannot_be_shown_is_told(recorded: Recorded) -> None:
    recorded.put(cut := a_run(4, answer=None))
    ledger = open_ledger(f"sqlite:///{recorded.database}")
    ledger.put_score(Vote("default", "support", cut.id, "ada", NOON).correction("Good day."))
    ledger.close()
    result = recorded.run("pairs", "support", "--json")
    assert result.stderr == f"left out: the answer of run {cut.id} is not on record as a whole\n"


def test_an_agent_of_which_nothing_is_known_has_none(recorded: Recorded) -> None:
    assert recorded.run("pairs", "sales").stdout == "No pairs.\n"
