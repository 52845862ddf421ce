"""Raters are believed as far as gold and agreement carry them, and no further for voting more."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.raters.methods import plain
from benchmarks.raters.worlds import ATTACKS, LABELS, World, poll
from policies.raters import Beliefs, Prior, Vote, believe

NAMES = ("a", "b", "c")
VOTES = st.lists(
    st.builds(
        Vote, st.sampled_from(["ann", "bob", "eve"]), st.sampled_from(["1", "2", "3", "4"]), st.sampled_from(NAMES)
    ),
    max_size=12,
)


def votes(**said: str) -> list[Vote]:
    """A letter an item, a word a rater; a blank is no vote."""
    long = {"u": "up", "d": "down"}
    return [
        Vote(rater, f"item {place}", long[letter])
        for rater, word in said.items()
        for place, letter in enumerate(word)
        if letter != " "
    ]


def accuracy(world: World, seed: int) -> float:
    said = poll(world, np.random.default_rng(seed))
    beliefs = believe(said.votes, gold=said.gold, labels=LABELS)
    asked = said.truth.keys() - said.gold.keys()
    return sum(beliefs.label(item) == said.truth[item] for item in asked) / len(asked)


def test_without_votes_nothing_is_believed_of_any_item() -> None:
    assert believe([], gold={}) == Beliefs(("down", "up"), (0.5, 0.5), {}, {}, math.inf)


def test_raters_who_agree_are_believed() -> None:
    beliefs = believe(votes(ann="uudd", bob="uudd", eve="uudu"), gold={})
    assert [beliefs.label(f"item {place}") for place in range(4)] == ["up", "up", "down", "down"]
    assert beliefs.probability("item 0", "up") > 0.9
    assert beliefs.raters["ann"].accuracy > beliefs.raters["eve"].accuracy


def test_one_vote_of_a_stranger_is_believed_about_as_far_as_most_people_are() -> None:
    beliefs = believe([Vote("ann", "item", "up")], gold={})
    assert 0.65 < beliefs.probability("item", "up") < 0.85


def test_gold_stays_what_it_is_whatever_is_voted() -> None:
    beliefs = believe(votes(ann="u", bob="u", eve="u"), gold={"item 0": "down"})
    assert beliefs.items["item 0"] == (1.0, 0.0)


def test_who_is_wrong_on_gold_is_believed_to_mean_the_opposite() -> None:
    gold = {f"item {place}": "up" if place % 2 else "down" for place in range(12)}
    beliefs = believe(votes(liar="ud" * 6 + "u", gull="ud" * 6 + "u"), gold=gold)
    assert beliefs.label("item 12") == "down"
    assert beliefs.raters["liar"].accuracy < 0.2
    assert beliefs.raters["liar"].sound < 0.01
    assert beliefs.raters["liar"].bits > 0.4


def test_who_always_votes_alike_tells_nothing() -> None:
    gold = {f"item {place}": "up" if place % 2 else "down" for place in range(40)}
    beliefs = believe(votes(fan="u" * 41, ann="du" * 20 + "d"), gold=gold)
    assert beliefs.raters["fan"].bits < 0.01 < 0.5 < beliefs.raters["ann"].bits
    assert beliefs.label("item 40") == "down"


def test_of_several_votes_on_an_item_the_last_counts() -> None:
    changed = [Vote("ann", "item", "down"), Vote("bob", "item", "up"), Vote("ann", "item", "up")]
    assert believe(changed, gold={}) == believe([Vote("ann", "item", "up"), changed[1]], gold={})
    assert believe(changed * 1_000, gold={}) == believe(changed, gold={})


def test_a_vote_of_half_weight_moves_belief_less() -> None:
    def up(weight: float) -> float:
        return believe([Vote("ann", "item", "up", weight)], gold={}).probability("item", "up")

    assert up(0.0) == pytest.approx(0.5)
    assert up(0.0) < up(0.5) < up(1.0)


def test_what_is_not_known_of_a_rater_shrinks_with_their_votes() -> None:
    gold = {f"item {place}": ("up", "down")[place % 2] for place in range(100)}
    few, many = (believe(votes(ann="ud" * pairs), gold=gold).raters["ann"] for pairs in (1, 50))
    assert few.deviation > 2 * many.deviation
    assert (few.votes, few.gold) == (2, 2)
    assert many.accuracy > 0.95


@pytest.mark.parametrize(("attack", "least"), [("flip", 0.97), ("flip4", 0.95), ("up4", 0.85)])
def test_attacks_do_not_turn_labels(attack: str, least: float) -> None:
    assert np.mean([accuracy(ATTACKS[attack], seed) for seed in range(12)]) >= least


def test_liars_who_vote_more_often_do_not_win_even_without_gold() -> None:
    said = poll(World("flip", 0.2, often=4, gold=0), np.random.default_rng(1))
    published = plain(said)
    assert sum(published[item] == truth for item, truth in said.truth.items()) < 20
    beliefs = believe(said.votes, gold={}, labels=LABELS)
    assert sum(beliefs.label(item) == truth for item, truth in said.truth.items()) > 380


def test_gold_makes_it_surer_which_way_round_labels_are() -> None:
    said = poll(ATTACKS["flip4"], np.random.default_rng(3))
    some = dict(list(said.gold.items())[:3])
    without, little, all_of_it = (
        believe(said.votes, gold=gold, labels=LABELS).margin for gold in ({}, some, said.gold)
    )
    assert 5 < without < little < all_of_it


def test_three_labels_are_told_apart() -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 3, 200)
    said = []
    for item, right in enumerate(truth.tolist()):
        for rater in random.choice(12, 5, replace=False).tolist():
            honest = right if random.random() < 0.8 else int(random.integers(0, 3))
            # Three raters say the next label.
            said.append(Vote(str(rater), str(item), NAMES[(right + 1) % 3 if rater < 3 else honest]))
    beliefs = believe(said, gold={str(item): NAMES[truth[item]] for item in range(20)}, labels=NAMES)
    right = sum(beliefs.label(str(item)) == NAMES[truth[item]] for item in range(20, 200))
    assert right / 180 > 0.95
    assert beliefs.raters["0"].accuracy < 0.1
    assert beliefs.raters["0"].bits > 1


@given(VOTES, st.dictionaries(st.sampled_from(["1", "2"]), st.sampled_from(NAMES)))
def test_beliefs_are_probabilities(said: list[Vote], gold: dict[str, str]) -> None:
    beliefs = believe(said, gold=gold, labels=NAMES)
    assert beliefs.items.keys() == {vote.item for vote in said}
    for chances in (*beliefs.items.values(), beliefs.shares):
        assert sum(chances) == pytest.approx(1)
        assert min(chances) >= 0
    for rater in beliefs.raters.values():
        assert 0 < rater.accuracy < 1
        assert 0 <= rater.bits <= math.log2(3)
        assert all(sum(row) == pytest.approx(1) for row in rater.confusion)
    assert beliefs.margin >= 0


@given(VOTES)
def test_names_and_order_of_labels_do_not_matter(said: list[Vote]) -> None:
    beliefs = believe(said, gold={"1": "a"}, labels=NAMES)
    # Where two readings of the votes are equally likely, nothing tells which is found.
    assume(beliefs.margin > 0.1)
    turned = believe(said, gold={"1": "a"}, labels=NAMES[::-1])
    for item in beliefs.items:
        assert turned.items[item][::-1] == pytest.approx(beliefs.items[item], abs=1e-3)


def test_the_prior_counts_only_where_little_is_known() -> None:
    trusting, wary = Prior(right=80, wrong=20), Prior(right=3, wrong=2)
    one = votes(ann="u")
    assert believe(one, gold={}, prior=trusting).probability("item 0", "up") > (
        believe(one, gold={}, prior=wary).probability("item 0", "up") + 0.1
    )
    many = votes(ann="ud" * 60, bob="ud" * 60, cat="ud" * 60)
    assert believe(many, gold={}, prior=trusting).probability("item 0", "up") == pytest.approx(
        believe(many, gold={}, prior=wary).probability("item 0", "up"), abs=0.01
    )


@pytest.mark.parametrize(
    ("said", "gold", "labels", "message"),
    [
        ([Vote("ann", "item", "sideways")], {}, ("down", "up"), "no label called 'sideways'; the labels are down, up"),
        ([Vote("ann", "item", "up")], {"item": "UP"}, ("down", "up"), "item: no label called 'UP'"),
        ([Vote("ann", "item", "up")], {}, ("up",), "at least two"),
        ([Vote("ann", "item", "up")], {}, ("up", "up"), "each once"),
        ([Vote("ann", "item", "up", math.nan)], {}, ("down", "up"), "weight"),
    ],
)
def test_what_can_not_be_a_vote_is_named(
    said: list[Vote], gold: dict[str, str], labels: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        believe(said, gold=gold, labels=labels)
