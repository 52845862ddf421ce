"""Calls of critics of known quality, for tests."""

from random import Random

from policies.critique.tally import Tried


def calls(
    number: int,
    *,
    right: float = 0.7,
    tpr: float = 0.5,
    fpr: float = 0.3,
    fix: float = 0.3,
    breaks: float = 0.5,
    share: float = 0.9,
    both: bool = True,
    seed: int = 1,
    stratum: str = "question",
) -> list[Tried]:
    """`share` of them are critiqued; `both`: both versions are judged."""
    random, found = Random(seed), []
    for _ in range(number):
        on, good = random.random() < share, random.random() < right
        flagged = on and random.random() < (fpr if good else tpr)
        after = good if not flagged else random.random() >= breaks if good else random.random() < fix
        found.append(
            Tried(
                stratum,
                on,
                share if on else 1 - share,
                flagged=flagged if on else None,
                revised=flagged,
                accepted=flagged,
                asked=on,
                reward=float(after),
                before=float(good) if both or not flagged else None,
                after=float(after),
                tokens=100 * on,
                cost_usd=0.01 * on,
                seconds=2.0 * on,
            )
        )
    return found
