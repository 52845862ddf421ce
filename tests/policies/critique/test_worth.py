"""Whether critique helps, and what switches it off and on."""

from copy import deepcopy
from functools import partial

import msgspec
import pytest

from policies.critique.settings import WorthSettings
from policies.critique.tally import Tried
from policies.critique.worth import CritiqueState, Switched, fold, shares
from tests.policies.critique.critics import calls

USUAL = WorthSettings()
grounded = partial(calls, tpr=0.9, fpr=0.02)
useless = partial(calls, tpr=0.7, fpr=0.18)


def folded(seen: list[Tried], settings: WorthSettings = USUAL) -> tuple[CritiqueState, list[Switched]]:
    state = CritiqueState()
    return state, fold(settings, state, seen)


def test_it_starts_on() -> None:
    state, switched = folded(calls(1))
    assert not switched
    assert shares(USUAL, state) == {"question": 0.9}
    assert shares(USUAL, CritiqueState()) == {}


def test_a_critic_that_breaks_more_than_it_fixes_is_switched_off_but_for_a_share_that_explores() -> None:
    state, switched = folded(calls(1_000))
    assert [each.on for each in switched] == [False]
    assert shares(WorthSettings(explore=0.07), state) == {"question": 0.07}


def test_a_critic_that_fixes_more_than_it_breaks_stays_on() -> None:
    for seed in range(40):
        _, switched = folded(grounded(1_000, seed=seed))
        assert not switched


def test_it_comes_back_when_it_begins_to_help() -> None:
    state, _ = folded(calls(1_000))
    back = fold(USUAL, state, grounded(4_000, share=0.1, seed=2))
    assert [each.on for each in back] == [True]
    assert state.strata["question"].switches == 2


def test_what_is_worth_nothing_is_switched_off_no_more_often_than_is_stated() -> None:
    """Looked at after each of 1,500 calls; the stated probability holds where it is worth exactly nothing."""
    off = sum(bool(folded(useless(1_500, seed=seed))[1]) for seed in range(200))
    assert off / 200 <= USUAL.false_off


def test_what_harms_is_switched_on_again_no_more_often_than_is_stated() -> None:
    off, _ = folded(calls(1_000))
    back = sum(bool(fold(USUAL, deepcopy(off), useless(2_000, share=0.1, seed=seed))) for seed in range(100))
    assert back / 100 <= USUAL.false_on


def test_rewards_alone_tell_it_too_from_more_calls() -> None:
    """Nobody judged the versions that were not shown: chance decided who was critiqued, and that is enough."""
    seen = calls(20_000, both=False)
    state, switched = folded(seen)
    assert [each.on for each in switched] == [False]
    assert state.strata["question"].paired == 0
    # The evidence that both versions give never moved.
    assert switched[0].state.pairs.evidence == pytest.approx(1.0)


def test_rewards_overrule_a_check_that_is_pleased_with_every_revision() -> None:
    """Here the check says that each revision is better, and the calls that are critiqued earn less than the others."""
    pleased = [
        call._replace(before=0.0, after=1.0, reward=call.reward) if call.revised else call
        for call in calls(20_000, both=False, right=0.8, tpr=0.9, fpr=0.9, fix=0.0, breaks=0.5)
    ]
    _, switched = folded(pleased)
    assert switched
    assert not switched[0].on


def test_it_has_to_earn_its_price() -> None:
    """It adds .07 a call: more than .02, less than .2."""
    seen = grounded(3_000)
    assert not folded(seen, WorthSettings(price=0.02))[1]
    assert [each.on for each in folded(seen, WorthSettings(price=0.2))[1]] == [False]


def test_a_critic_that_never_finds_anything_costs_its_price() -> None:
    idle = calls(2_000, tpr=0.0, fpr=0.0)
    assert not folded(idle)[1]
    assert folded(idle, WorthSettings(price=0.05))[1]


def test_a_revision_that_was_not_accepted_did_nothing() -> None:
    seen = [call._replace(accepted=False, reward=call.before) for call in calls(2_000)]
    state, switched = folded(seen)
    assert not switched
    tally = state.strata["question"].tally
    assert (tally.broken, tally.fixed) == (0, 0)
    assert tally.right_flagged > 100


def test_strata_are_judged_apart() -> None:
    mixed = [*calls(1_000), *grounded(1_000, stratum="structured")]
    state, switched = folded(mixed)
    assert [(each.stratum, each.on) for each in switched] == [("question", False)]
    assert shares(USUAL, state) == {"question": 0.1, "structured": 0.9}


def test_strata_beyond_the_most_that_are_kept_are_judged_together() -> None:
    many = [call._replace(stratum=f"s{place}") for place, call in enumerate(calls(200))]
    state, _ = folded(many)
    assert len(state.strata) == 51
    assert "" in state.strata


def test_what_critique_used_is_summed_up() -> None:
    state, _ = folded(calls(1_000))
    found = state.strata["question"]
    assert found.calls == found.asked
    assert found.tokens == 100 * found.calls
    assert found.cost_usd == pytest.approx(0.01 * found.calls)
    assert found.seconds == pytest.approx(2.0 * found.calls)


def test_folding_in_parts_through_a_document_is_folding_at_once() -> None:
    seen = calls(1_500)
    whole, switched = folded(seen)
    state, told = CritiqueState(), []
    for start in range(0, len(seen), 100):
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=CritiqueState)
        told += fold(USUAL, state, seen[start : start + 100])
    assert state == whole
    assert told == switched
