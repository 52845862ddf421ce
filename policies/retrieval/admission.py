"""Which learned answers may be shown: by what was said of them, by whom, and what is there already.

An answer is admitted on the lower confidence bound of its scores, not on their mean: one happy user proves little. Each
word counts by its tier and by how far its rater is believed (`policies.believed`); a rater who is right no more often
than a coin counts nothing. Nobody floods the memory alone: a person carries a few admissions a day. And what answers
nearly the same question as an admitted answer takes its place only with a higher bound from nobody less trusted.
What the owner vouches for, or a check of the owner's own, is nobody's to bring, and is free of that quota.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from policies.retrieval.screening import Verdict
from records.insight import TRUSTS, InsightState, Trust
from records.score import GOLD, Score

DAY_NS: Final = 86_400_000_000_000
_OWNERS: Final[frozenset[Trust]] = frozenset({"owner", "code"})
"""The tiers that speak for the owner: in person, and by checks."""
_SOUND: Final = 0.8
"""How often a rater is taken to be right of whom nothing is known; as the prior of `policies.raters` has it."""


class Evidence(NamedTuple):
    """One word on an answer. `value` is from 0 (bad) to 1 (good); `reliability` is how often the rater is right, None
    where that is not known."""

    trust: Trust
    rater: str
    value: float
    reliability: float | None = None


class Admission(BaseModel):
    """What an owner asks of an answer before it is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(
        default=0.6, ge=0, lt=1, description="what the lower bound of an answer's scores must reach"
    )
    confidence: float = Field(default=0.9, ge=0.5, lt=1, description="of that bound, one-sided")
    least: Mapping[Trust, PositiveInt] = Field(
        default={"owner": 1, "human": 2, "judge": 2, "code": 1},
        description="how many different raters of a tier must speak for an answer; of those left out, none can",
    )
    weights: Mapping[Trust, NonNegativeFloat] = Field(
        default={"owner": 20, "human": 1, "judge": 1.5, "code": 4, "implicit": 0.25},
        description="how many words of a person of whom nothing is known one word of that tier is worth",
    )
    per_writer: int = Field(default=2, ge=0, description="how many answers one person may bring in a day")
    ttl_days: float | None = Field(default=90, gt=0, description="how long an answer holds; null: for ever")
    alike: float = Field(
        default=0.95, ge=0, le=1, description="questions with this cosine or a higher one are nearly the same"
    )


class Worth(NamedTuple):
    """What the evidence comes to. `trust` is the best tier that spoke for the answer (the lowest where none did), `low`
    the lower confidence bound of `score`, `votes` how many words count."""

    score: float
    low: float
    votes: int
    trust: Trust


class Neighbour(NamedTuple):
    """An admitted answer to a question that is near the candidate's."""

    id: str
    similarity: float
    low: float
    trust: Trust


class Candidate(NamedTuple):
    """An answer that is not yet shown, or that is looked at again.

    `writers` are the people it comes from: who asked, or who corrected. `state` is the one it is in; one that was
    admitted stays so until its mean falls below the threshold.
    """

    evidence: Sequence[Evidence]
    writers: tuple[str, ...] = ()
    state: InsightState = "waiting"


class Ruling(NamedTuple):
    """`reason` is for a person. `replaces` are the ids that the answer takes the place of (they are to be retired);
    `charged` the people whose day's quota it used; `expires_ns` when an admitted answer ends."""

    state: InsightState
    reason: str
    worth: Worth
    replaces: tuple[str, ...] = ()
    charged: tuple[str, ...] = ()
    expires_ns: int | None = None


def evidence_of(score: Score, *, low: float, high: float, reliability: float | None = None) -> Evidence | None:
    """A score as a word on the answer, its value on a scale from `low` (worst) to `high`. None where it has none.

    Gold is its owner's word.
    """
    trust: Trust = "owner" if score.evaluator == GOLD and score.source == "human" else score.source
    if score.value is None:
        return None
    value = min(1.0, max(0.0, (score.value - low) / (high - low)))
    return Evidence(trust, score.rater or score.evaluator, value, reliability)


def weigh(evidence: Iterable[Evidence], rules: Admission) -> Worth:
    """The mean and its lower bound, by Wilson's interval for as many words as the weights come to.

    A word that is right with probability r tells of its answer in proportion to (2r - 1)².
    """
    total = good = 0.0
    votes = 0
    trust: Trust = TRUSTS[-1]
    for word in _latest(evidence):
        weight = rules.weights.get(word.trust, 0.0) * _told(word.reliability)
        if weight <= 0:
            continue
        votes += 1
        total += weight
        good += weight * word.value
        if word.value >= 0.5 and TRUSTS.index(word.trust) < TRUSTS.index(trust):
            trust = word.trust
    if not total:
        return Worth(0.0, 0.0, 0, trust)
    mean = good / total
    return Worth(mean, _wilson(mean, total, NormalDist().inv_cdf(rules.confidence)), votes, trust)


def rule_on(
    candidate: Candidate,
    rules: Admission,
    *,
    screened: Verdict,
    alike: Sequence[Neighbour] = (),
    used: Mapping[str, int] = {},
    now_ns: int,
) -> Ruling:
    """What becomes of an answer. `alike` are admitted neighbours, `used` how many admissions each person was charged
    with in the day until now."""
    evidence = list(_latest(candidate.evidence))
    worth = weigh(evidence, rules)
    if not screened.passed:
        return Ruling("quarantined", f"{screened.rule}: {screened.reason}", worth)
    if candidate.state == "admitted":
        return _kept(worth, evidence, rules)
    checked = [word for word in evidence if word.trust in _OWNERS]
    free = not _lacking(weigh(checked, rules), checked, rules)
    spent = set() if free else {name for name, times in used.items() if times >= rules.per_writer}
    if any(name in spent for name in candidate.writers):
        return Ruling("waiting", f"whoever it comes from brought {rules.per_writer} answers within a day", worth)
    # A person whose quota is used up speaks for nothing more today, but may still speak against.
    counted = [word for word in evidence if word.trust != "human" or word.value < 0.5 or word.rater not in spent]
    worth = weigh(counted, rules)
    lacking = _lacking(worth, counted, rules)
    if lacking:
        return Ruling("waiting", lacking, worth)
    near = [one for one in alike if one.similarity >= rules.alike]
    for one in near:
        if not _displaces(worth, one):
            return Ruling("waiting", f"{one.id[:8]} answers nearly the same question, and is better borne out", worth)
    spoke = {word.rater for word in counted if word.trust == "human" and word.value >= 0.5}
    return Ruling(
        "admitted",
        f"scored {worth.score:.2f}, at least {worth.low:.2f}, by {worth.votes} of tier {worth.trust} and below",
        worth,
        replaces=tuple(one.id for one in near),
        charged=() if free else tuple(sorted(spoke | set(candidate.writers))),
        expires_ns=None if rules.ttl_days is None else now_ns + int(rules.ttl_days * DAY_NS),
    )


def _latest(evidence: Iterable[Evidence]) -> Iterable[Evidence]:
    """One word a rater and tier: the last."""
    return {(word.trust, word.rater): word for word in evidence}.values()


def _told(reliability: float | None) -> float:
    """How much a word tells, beside one of a rater of whom nothing is known."""
    right = _SOUND if reliability is None else reliability
    return max(0.0, 2 * right - 1) ** 2 / (2 * _SOUND - 1) ** 2


def _wilson(mean: float, n: float, z: float) -> float:
    """The lower bound of a proportion (Wilson 1927)."""
    middle = mean + z * z / (2 * n)
    reach = z * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    return max(0.0, (middle - reach) / (1 + z * z / n))


def _lacking(worth: Worth, evidence: Sequence[Evidence], rules: Admission) -> str:
    """What an answer still needs, in words; empty where that is nothing."""
    if any(word.trust == "owner" and word.value < 0.5 for word in evidence):
        return "its owner says that it is bad"
    if worth.low < rules.threshold:
        return f"scored {worth.score:.2f}, at least {worth.low:.2f}, where {rules.threshold:.2f} is asked"
    for trust, least in rules.least.items():
        raters = {
            word.rater for word in evidence if word.trust == trust and word.value >= 0.5 and _told(word.reliability)
        }
        if len(raters) >= least:
            return ""
    return "too few who may admit an answer spoke for it"


def _kept(worth: Worth, evidence: Sequence[Evidence], rules: Admission) -> Ruling:
    if any(word.trust == "owner" and word.value < 0.5 for word in evidence):
        return Ruling("retired", "its owner says that it is bad", worth)
    if worth.votes and worth.score < rules.threshold:
        return Ruling("retired", f"its scores fell to {worth.score:.2f}, where {rules.threshold:.2f} is asked", worth)
    return Ruling("admitted", f"scored {worth.score:.2f}, at least {worth.low:.2f}", worth)


def _displaces(worth: Worth, other: Neighbour) -> bool:
    return worth.low > other.low and TRUSTS.index(worth.trust) <= TRUSTS.index(other.trust)
