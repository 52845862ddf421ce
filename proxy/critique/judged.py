"""How both versions of an answer were judged: by the scores of its run, or by the check that had it revised."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from policies.critique.facts import Critiqued
from policies.critique.tally import Tried
from proxy.config.reward import Reward
from proxy.rewards.value import means_of, share_of
from records.run import Run
from records.score import UNSHOWN, Score


class _Versions(NamedTuple):
    """What the first answer was worth and what the one in its place was."""

    before: float | None
    after: float | None


def critiqued_in(run: Run) -> Critiqued | None:
    """What the step did; None where chance did not decide it, or the call is none of the agent's own."""
    fact = next(run.facts("critiqued"), None)
    if fact is None or run.source != "live" or run.turn != "main":
        return None
    try:
        found = msgspec.convert(fact.attributes, Critiqued, strict=False)
    except msgspec.ValidationError:
        return None
    return found if found.eligible and found.arm != "skipped" and 0 < found.probability <= 1 else None


def tried(run: Run, fact: Critiqued, reward: Reward, scores: Sequence[Score]) -> Tried:
    """What was said after the time was over in which scores are waited for counts for nothing."""
    said = means_of(scores, run.ended_ns + int(reward.wait * 1e9))
    versions = _versions(fact, reward, said)
    return Tried(
        fact.stratum,
        fact.arm == "on",
        fact.probability,
        flagged=fact.flagged,
        revised=fact.revised,
        accepted=fact.accepted,
        asked=fact.tokens > 0,
        reward=share_of(reward, said, run.cost_usd or 0.0, run.duration_ms / 1e3),
        before=versions.before,
        after=versions.after,
        tokens=fact.tokens,
        cost_usd=fact.cost_usd or 0.0,
        seconds=fact.took_ms / 1e3,
    )


def all_said(fact: Critiqued, reward: Reward, scores: Sequence[Score]) -> bool:
    """Whether nothing is waited for any more: everybody who counts has spoken, of both versions if there are two."""
    asked = {name for name, score in reward.scores.items() if score.weight}
    spoke = {score.evaluator for score in scores if score.kind == "run" and score.value is not None}
    unshown = {name + UNSHOWN for name in asked} if fact.revised else set()
    return bool(asked) and spoke >= asked | unshown


def _versions(fact: Critiqued, reward: Reward, said: Mapping[str, float]) -> _Versions:
    shown = {name: value for name, value in said.items() if name in reward.scores}
    if not fact.revised:
        worth = share_of(reward, shown, 0.0, 0.0) if shown else _checked(fact).before
        return _Versions(worth, worth)
    other = {name: said[name + UNSHOWN] for name in shown if name + UNSHOWN in said}
    if not other:
        # The check is no better a judge than those whose word counts, where they have spoken.
        return _Versions(None, None) if shown else _checked(fact)
    # Judged alike: by the same, and neither with the cost of having two.
    found = share_of(reward, {name: shown[name] for name in other}, 0.0, 0.0)
    unshown = share_of(reward, other, 0.0, 0.0)
    return _Versions(unshown, found) if fact.accepted else _Versions(found, unshown)


def _checked(fact: Critiqued) -> _Versions:
    """A check knows what it found wrong; of what it found nothing wrong with it knows too little."""
    return _Versions(fact.before, fact.after) if fact.verifier else _Versions(None, None)
