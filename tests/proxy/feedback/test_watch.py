"""What an agent's raters are known by, as time goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from proxy.feedback.watch import RaterWatch
from proxy.rewards.units import Said
from records.score import Score
from stores.ledger import Ledger, open_ledger
from stores.runs import RunStore, open_store
from tests.policies.test_alarms import VARIANTS, thumbs
from tests.support.runs import NOON, a_run
from tests.support.scores import a_score

MINUTE: Final = 60 * 10**9
DAY: Final = 1440 * MINUTE


class Watched:
    """An agent whose raters are watched by a clock that the test holds."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'burnish.db'}"
        self.runs: RunStore = open_store(url)
        self.ledger: Ledger = open_ledger(url)
        self.now_ns = NOON
        self.watch = RaterWatch("support", "default", self.runs, self.ledger, clock=lambda: self.now_ns)

    def look(self) -> None:
        self.now_ns += MINUTE
        self.watch.look()

    def close(self) -> None:
        self.ledger.close()
        self.runs.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.close()


def one(rater: str, value: float, evaluator: str = "thumbs") -> Said:
    return Said(evaluator, "run", rater, value, NOON)


def gold(scores: list[Score], number: int) -> list[Score]:
    """Some runs on which liars disagree with everybody."""
    said = [score for score in scores if score.rater == "rater 1"][:number]
    return [a_score(score.subject, score.value, evaluator="gold", rater="owner") for score in said]


def test_until_something_is_known_all_count_alike(watched: Watched) -> None:
    watched.look()
    assert watched.watch.combine("thumbs", [one("ada", 1.0), one("bob", 0.0), one("eve", 1.0)]) == pytest.approx(2 / 3)


def test_a_known_liars_word_is_turned_round(watched: Watched) -> None:
    said = thumbs(fans=0, liars=3)
    watched.ledger.put_scores([*said, *gold(said, 40)])
    watched.look()
    assert watched.watch.combine("thumbs", [one("rater 11", 1.0)]) < 0.3
    assert watched.watch.combine("thumbs", [one("rater 2", 1.0)]) > 0.7


def test_what_is_no_thumb_is_averaged(watched: Watched) -> None:
    said = thumbs(fans=0, liars=3)
    watched.ledger.put_scores(said)
    watched.look()
    assert watched.watch.combine("rating", [one("rater 11", 4.0, "rating"), one("rater 2", 5.0, "rating")]) == 4.5


def test_new_votes_are_known_a_minute_later(watched: Watched) -> None:
    watched.look()
    watched.ledger.put_scores(thumbs(fans=0))
    watched.watch.look()
    assert watched.watch.combine("thumbs", [one("rater 2", 1.0)]) == 1.0
    watched.look()
    assert 0.7 < watched.watch.combine("thumbs", [one("rater 2", 1.0)]) < 1.0


def test_raters_who_favour_a_variant_raise_one_alarm(watched: Watched) -> None:
    watched.runs.put(
        [a_run(number, id=run, agent="support", variant=VARIANTS[run]) for number, run in enumerate(VARIANTS)], {}
    )
    said = thumbs(fans=2)
    watched.ledger.put_scores(said)
    for _ in range(3):
        watched.look()
        watched.now_ns += DAY
    (alarm,) = watched.ledger.decisions("support", kinds=["alarm"])
    assert alarm.subject == "b"


def test_where_nobody_favours_a_variant_there_is_no_alarm(watched: Watched) -> None:
    watched.runs.put(
        [a_run(number, id=run, agent="support", variant=VARIANTS[run]) for number, run in enumerate(VARIANTS)], {}
    )
    watched.ledger.put_scores(thumbs(fans=0, liars=3))
    watched.look()
    assert watched.ledger.decisions("support", kinds=["alarm"]) == []
