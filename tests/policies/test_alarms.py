"""The alarm for raters who favour a variant."""

import msgspec
import numpy as np

from policies.alarms import favour_alarm
from records.decision import Decision
from records.score import Score
from tests.support.scores import a_score

VARIANTS = {f"run {number}": "ab"[number % 2] for number in range(600)}


def thumbs(*, fans: int, seed: int = 1, liars: int = 0) -> list[Score]:
    """Of twelve raters, each run asks four. All are right in 85 % of cases; fans always vote up on `b`."""
    random = np.random.default_rng(seed)
    said = []
    for run, variant in VARIANTS.items():
        good = random.random() < 0.6
        for rater in random.choice(12, 4, replace=False).tolist():
            up = good == ((random.random() < 0.85) == (rater < 12 - liars))
            up |= rater < fans and variant == "b"
            said.append(a_score(run, float(up), rater=f"rater {rater}"))
    return said


def alarm(said: list[Score], *, now_ns: int = 1) -> Decision | None:
    return favour_alarm(
        "support", "default", said, variants=VARIANTS, gold={}, now_ns=now_ns, random=np.random.default_rng(1)
    )


def test_who_is_careless_or_lies_is_alike_to_all_variants_and_raises_none() -> None:
    assert [alarm(thumbs(fans=0, seed=seed, liars=3)) for seed in range(5)] == [None] * 5


def test_fans_of_a_variant_are_named_with_what_they_did() -> None:
    found = alarm(thumbs(fans=1))
    assert found is not None
    assert (found.kind, found.subject, found.agent, found.actor) == ("alarm", "b", "support", "burnish")
    fan = next(favour for favour in found.evidence["favours"] if favour["variant"] == "b")
    assert fan["who"] == "rater 0"
    assert fan["mean"] > 0.95 > fan["expected"]
    assert "rater 0 gave 'b' a thumb up in" in found.text
    assert msgspec.json.decode(msgspec.json.encode(found), type=Decision) == found


def test_an_alarm_that_is_found_again_is_the_same() -> None:
    said = thumbs(fans=2)
    first, again = alarm(said), alarm(said, now_ns=2)
    assert first is not None
    assert again is not None
    assert first.id == again.id
