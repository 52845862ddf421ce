"""What a unit's scores, cost and latency come to, as one number."""

from collections.abc import Iterable, Mapping

from proxy.config.reward import Reward
from records.score import Score


def means_of(scores: Iterable[Score], until_ns: int) -> dict[str, float]:
    """What each evaluator said of a run by that time; every rater counts alike."""
    said: dict[str, list[float]] = {}
    for score in scores:
        if score.kind == "run" and score.value is not None and score.created_ns <= until_ns:
            said.setdefault(score.evaluator, []).append(score.value)
    return {name: sum(values) / len(values) for name, values in said.items()}


def share_of(reward: Reward, said: Mapping[str, float], cost_usd: float, seconds: float) -> float | None:
    """`worth` on a scale from 0, the worst reward, to 1, the best."""
    value = worth(reward, said, cost_usd, seconds)
    if value is None:
        return None
    low, high = reward.bounds
    return min(1.0, max(0.0, (value - low) / (high - low)))


def worth(reward: Reward, said: Mapping[str, float], cost_usd: float, seconds: float) -> float | None:
    """The reward for what each evaluator said, on its own scale; None where nothing was said that counts.

    Evaluators with positive weights are averaged. Those with negative ones are subtracted from that, each times its
    weight, as are the cost and the latency.
    """
    gained = weights = taken = 0.0
    asked = [score.weight for score in reward.scores.values() if score.weight]
    spoke = 0
    for name, score in reward.scores.items():
        value = score.scaled(said[name]) if name in said else reward.missing
        if not score.weight or value == "ignore":
            continue
        spoke += 1
        if score.weight > 0:
            gained += score.weight * value
            weights += score.weight
        else:
            taken -= score.weight * value
    if asked and (not spoke or (max(asked) > 0 and not weights)):
        return None
    return (gained / weights if weights else 0.0) - taken - reward.cost * cost_usd - reward.latency * seconds
