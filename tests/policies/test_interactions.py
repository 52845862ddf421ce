"""The alarm rings for raters who favour a variant, and for nobody who treats all alike, however badly."""

from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from benchmarks.raters.worlds import ATTACKS, LABELS, Poll, World, poll
from policies.interactions import Alarm, interactions
from policies.raters import Vote, believe


def alarm(said: Poll, seed: int = 1, *, alpha: float = 0.05, draws: int = 200) -> Alarm:
    beliefs = believe(said.votes, gold=said.gold, labels=LABELS)
    return interactions(
        said.votes,
        beliefs,
        variants=said.variants,
        gold=said.gold,
        cohorts=said.cohorts,
        random=np.random.default_rng(seed),
        alpha=alpha,
        draws=draws,
    )


def polled(world: World, seed: int) -> Poll:
    return poll(world, np.random.default_rng(seed))


def test_a_cohort_that_favours_a_variant_is_named() -> None:
    found = alarm(polled(World(fans=8), seed=1))
    assert found.raised
    assert found.p_value <= 0.05
    (fans,) = (one for one in found.favours if one.who == "fans" and one.variant == "c")
    assert fans.cohort
    assert fans.mean > fans.expected + 0.2
    assert fans.votes > 100


def test_single_raters_are_found_without_a_cohort() -> None:
    named: list[str] = []
    for seed in range(5):
        found = alarm(replace(polled(World(fans=3), seed), cohorts={}))
        named += [one.who for one in found.favours if one.variant == "c" and one.mean > one.expected]
    assert len(named) >= 3
    assert set(named) <= {"rater 0", "rater 1", "rater 2"}


@pytest.mark.parametrize("world", [World(), *ATTACKS.values()], ids=["honest", *ATTACKS])
def test_who_treats_all_variants_alike_raises_no_alarm(world: World) -> None:
    assert fmean(alarm(polled(world, seed)).raised for seed in range(20)) <= 0.15


def test_a_variant_that_is_better_is_not_favoured() -> None:
    random = np.random.default_rng(5)
    good = {"a": 0.2, "b": 0.5, "c": 0.9}
    raised = []
    for seed in range(20):
        votes, gold, variants = [], {}, {}
        for place in range(300):
            item = f"item {place}"
            variants[item] = "abc"[place % 3]
            up = random.random() < good[variants[item]]
            if place < 30:
                gold[item] = LABELS[up]
            votes += [
                Vote(f"rater {rater}", item, LABELS[up == (random.random() < 0.8)])
                for rater in random.choice(20, 3, replace=False).tolist()
            ]
        said = Poll(tuple(votes), gold, {}, variants, {f"rater {rater}": f"{rater % 2}" for rater in range(20)})
        raised.append(alarm(said, seed).raised)
    assert fmean(raised) <= 0.15


def test_the_same_generator_finds_the_same() -> None:
    said = polled(World(fans=3), seed=3)
    assert alarm(said, 4) == alarm(said, 4)


def test_votes_sent_again_change_nothing() -> None:
    said = polled(World(fans=3), seed=3)
    again = replace(said, votes=said.votes + said.votes[-200:])
    assert {one.who for one in alarm(again).favours} == {one.who for one in alarm(said).favours}


def test_few_votes_are_not_tested_alone_but_in_their_cohort() -> None:
    said = polled(World(fans=8), seed=1)
    few = [vote for vote in said.votes if vote.rater != "rater 0" or vote.item in list(said.variants)[:20]]
    found = alarm(replace(said, votes=tuple(few)))
    everything = alarm(said)
    assert found.tested < everything.tested
    assert "fans" in {one.who for one in found.favours}


def test_values_may_be_those_of_a_scale() -> None:
    random = np.random.default_rng(6)
    labels = ("1", "2", "3")
    votes, variants, gold = [], {}, {}
    for place in range(300):
        item = f"item {place}"
        variants[item] = "ab"[place % 2]
        truth = int(random.integers(0, 3))
        if place < 60:
            gold[item] = labels[truth]
        for rater in random.choice(12, 4, replace=False).tolist():
            given = truth if random.random() < 0.8 else int(random.integers(0, 3))
            votes.append(Vote(f"rater {rater}", item, labels[2 if rater == 0 and place % 2 else given]))
    beliefs = believe(votes, gold=gold, labels=labels)
    found = interactions(
        votes, beliefs, variants=variants, gold=gold, values=(1, 2, 3), random=np.random.default_rng(1), draws=200
    )
    assert {(one.who, one.cohort) for one in found.favours} == {("rater 0", False)}
    best = next(one for one in found.favours if one.variant == "b")
    assert best.mean == 3
    assert 1.5 < best.expected < 2.7


def test_nothing_to_test_is_no_alarm() -> None:
    beliefs = believe([], gold={})
    random = np.random.default_rng(1)
    assert interactions([], beliefs, variants={}, gold={}, random=random) == Alarm(0.01, 0, 1.0, ())
    one = [Vote("ann", "item", "up")]
    lonely = interactions(one, believe(one, gold={}), variants={"item": "a"}, gold={}, random=random)
    assert (lonely.raised, lonely.tested) == (False, 0)


def test_an_alpha_that_the_draws_can_not_reach_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alpha 0\.001.*100 draws"):
        interactions(
            [], believe([], gold={}), variants={}, gold={}, random=np.random.default_rng(1), alpha=0.001, draws=100
        )
