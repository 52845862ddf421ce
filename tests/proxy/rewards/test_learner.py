"""Learning for one agent, seen from its stores: runs and scores in, rewards, epochs and decisions out."""

from typing import Any

import msgspec
import pytest

from policies.bandits import BanditSettings, Contextual, Limits, Ramp
from policies.bandits.state import Count
from proxy.config.reward import RECORDED
from proxy.rewards.implicit import ABANDONMENT, RETRY
from records.run import Fact
from records.variant import Bullet, Changes
from stores.ledger import ScoreFilter
from tests.proxy.rewards.conftest import Made
from tests.proxy.rewards.learning import AGENT, SECOND, Learning, a_call, a_thumb
from tests.support.runs import NOON
from tests.support.scores import a_decision, a_variant

LIMITED = BanditSettings(ramp=None, limits=Limits(error_rate=0.1))


def play(agent: Learning, count: int, *, good: str = "terse", first: int = 0) -> None:
    """So many sessions of a call each, a second apart, of both variants in turn; the good one's are liked."""
    for number in range(first, first + count):
        variant = ("base", "terse")[number % 2]
        call = a_call(f"{number}", variant, session=f"s{number}", at=number)
        agent.put(call, a_thumb(call, up=variant == good, at=number + 0.5))


def fail(agent: Learning, variant: str, count: int, *, at: float) -> None:
    for number in range(count):
        agent.put(a_call(f"failed {at} {number}", variant, at=at + number / 100, outcome="error", status=502))


# Rewards


def test_the_variant_whose_answers_are_liked_gets_the_traffic(learning: Made) -> None:
    agent = learning()
    play(agent, 60)
    agent.settle(70)
    assert (agent.arm("base").n, agent.arm("base").mean) == (30, 0.0)
    assert (agent.arm("terse").n, agent.arm("terse").mean) == (30, 1.0)
    assert agent.published.probabilities == pytest.approx({"base": 0.05, "terse": 0.95}, abs=0.01)


def test_a_score_may_come_before_its_run_is_in_the_store(learning: Made) -> None:
    agent = learning()
    call = a_call("1", session="s")
    agent.put(a_thumb(call, at=1))
    agent.step(2)
    agent.put(call)
    agent.settle(3)
    assert agent.rewards == [1.0]


def test_feedback_that_is_late_but_in_time_is_joined_to_its_assignment(learning: Made) -> None:
    agent = learning(wait=3600)
    call = a_call("1", "terse", session="s")
    agent.put(call)
    agent.settle(3_000)
    assert agent.rewards == []
    agent.put(a_thumb(call, at=3_100))
    agent.settle(3_101)
    assert (agent.arm("terse").n, agent.arm("terse").total) == (1, 1.0)


def test_feedback_that_comes_too_late_counts_for_nothing(learning: Made) -> None:
    agent = learning(wait=60)
    call = a_call("1", session="s")
    agent.put(call)
    agent.settle(100)
    agent.put(a_thumb(call, at=101))
    agent.settle(200)
    assert agent.rewards == []
    assert agent.state.arm("base").n == 0


def test_feedback_that_never_comes_counts_as_the_owner_says(learning: Made) -> None:
    agent = learning(wait=60, missing=0.5)
    agent.put(a_call("1", session="s"))
    agent.settle(65)
    assert agent.rewards == [0.5]
    assert agent.arm("base").total == 0.5


def test_a_reward_is_on_record_with_all_it_was_made_from(learning: Made) -> None:
    agent = learning(scores={"thumbs": 1, "rating": {"range": [1, 5]}}, cost=1)
    call = a_call("1", "terse", session="s", cost_usd=0.25, took=2)
    rating = msgspec.structs.replace(a_thumb(call, at=3), id="r", evaluator="rating", value=3.0)
    agent.put(call, a_thumb(call, at=3), rating)
    agent.step(4)
    (reward,) = agent.stores.ledger.scores(ScoreFilter(evaluator=RECORDED))
    assert (reward.subject, reward.value, reward.source) == (call.id, 0.5, "code")
    assert reward.details == {
        "variant": "terse",
        "policy": "thompson",
        "epoch": "1-a",
        "propensity": 0.5,
        "context": None,
        "began_ns": call.started_ns,
        "scores": {"rating": 3.0, "thumbs": 1.0},
        "calls": 1,
        "cost_usd": 0.25,
        "seconds": 2.0,
    }


@pytest.mark.parametrize("other", [{"turn": "aux"}, {"source": "replay"}, {"source": "shadow"}, {"agent": "another"}])
def test_only_the_agents_own_live_turns_count(learning: Made, other: dict[str, Any]) -> None:
    agent = learning(missing=1.0)
    agent.put(msgspec.structs.replace(a_call("1", session="s", outcome="error"), **other))
    agent.settle(100)
    assert agent.state.arms == {}


def test_scores_of_another_agents_runs_count_for_nothing(learning: Made) -> None:
    agent = learning()
    call = a_call("1", session="s")
    agent.put(call, a_thumb(call, at=1, agent="another"))
    agent.settle(100)
    assert agent.rewards == []


def test_nobody_can_say_what_the_reward_is(learning: Made) -> None:
    agent = learning()
    call = a_call("1", session="s")
    forged = a_thumb(call, at=1, evaluator=RECORDED, version=agent.terms.rewarded_by, details={"variant": "base"})
    agent.put(call, forged)
    agent.settle(100)
    assert agent.state.arm("base").n == 0


def test_the_reward_that_is_on_record_stands(learning: Made) -> None:
    agent = learning()
    for number in range(20):
        call = a_call(f"{number}", session=f"s{number}", at=number)
        agent.put(call, a_thumb(call, at=number))
        agent.step(number + 0.5)
        agent.put(a_thumb(call, False, at=number + 0.9, rater="bob"))
    agent.at_once = 1
    agent.lose()
    agent.settle(100)
    assert agent.rewards == [1.0] * 20
    assert (agent.arm("base").n, agent.arm("base").total) == (20, 20.0)


def test_other_weights_reward_what_was_earned_anew(learning: Made) -> None:
    agent = learning()
    calls = [a_call(f"{number}", session=f"s{number}", at=number) for number in range(3)]
    for call in calls:
        agent.put(call, a_thumb(call, at=5), a_thumb(call, False, at=5, evaluator="speed"))
    agent.settle(10)
    assert agent.arm("base").total == 3.0
    reward = agent.terms.reward.model_validate({"scores": {"thumbs": 1, "speed": 1}, "wait": 60.0})
    agent.restart(terms=msgspec.structs.replace(agent.terms, reward=reward))
    before = agent.published
    agent.step(30)
    assert (agent.arm("base").n, agent.arm("base").total) == (3, 1.5)
    # Nobody was told before all was known.
    assert agent.published.epoch.startswith(f"{int(before.epoch.partition('-')[0]) + 1}-")


def test_other_bounds_scale_what_was_earned_anew(learning: Made) -> None:
    agent = learning(scores={"rating": {"range": [0, 1]}})
    call = a_call("1", session="s")
    agent.put(call, a_thumb(call, at=1, evaluator="rating"))
    agent.settle(10)
    wide = msgspec.structs.replace(agent.terms.bandit, bounds=(0.0, 2.0))
    agent.restart(terms=msgspec.structs.replace(agent.terms, bandit=wide))
    agent.settle(30)
    assert (agent.arm("base").n, agent.arm("base").total) == (1, 0.5)
    assert len(agent.rewards) == 1


def test_a_context_is_learned_from(learning: Made) -> None:
    policy = Contextual(strata={"short": (0.0,), "long": (1.0,)})
    agent = learning(bandit=BanditSettings(policy=policy, ramp=None))
    call = a_call("1", session="s", assignment={"context": [0.75], "stratum": "long"})
    agent.put(call, a_thumb(call, at=1))
    agent.settle(10)
    linear = agent.arm("base").linear
    assert linear is not None
    assert linear.gram == (1.0, 0.75, 0.75**2)


def test_contexts_that_were_told_by_other_features_are_passed_over(learning: Made) -> None:
    policy = Contextual(strata={"short": (0.0, 0.0), "long": (1.0, 0.0)})
    agent = learning(bandit=BanditSettings(policy=policy, ramp=None))
    call = a_call("1", session="s", assignment={"context": [0.75], "stratum": "long"})
    agent.put(call, a_thumb(call, at=1))
    agent.settle(10)
    assert (agent.arm("base").n, agent.arm("base").linear) == (1, None)


# What calls do besides


def test_a_variant_that_fails_is_stopped_at_once_whatever_it_earns(learning: Made) -> None:
    agent = learning(bandit=LIMITED, every=3600)
    agent.step(0)
    assert agent.published.probabilities["terse"] > 0
    fail(agent, "terse", 10, at=5)
    agent.step(6)
    assert agent.published.probabilities == {"base": 1.0, "terse": 0.0}
    (decision,) = agent.stores.ledger.decisions(AGENT, kinds=["stop"])
    assert (decision.subject, decision.actor) == ("terse", "burnish")


def test_a_stopped_variant_is_retired_until_somebody_moves_it_back(learning: Made) -> None:
    agent = learning(bandit=LIMITED)
    terse = a_variant("terse", state="live")
    agent.stores.ledger.add_variant(terse)
    agent.step(0)
    fail(agent, "terse", 10, at=5)
    agent.step(6)
    stopped = agent.stores.ledger.variant(AGENT, "terse")
    assert stopped is not None
    assert stopped.state == "retired"
    agent.settle(20)
    assert agent.published.probabilities == {"base": 1.0}

    back = a_decision(1, created_ns=NOON + 40 * SECOND, subject="terse")
    agent.stores.ledger.move_variant(terse.id, "live", back)
    agent.settle(41)
    assert agent.published.probabilities["terse"] > 0
    assert agent.arm("terse").calls == {}

    fail(agent, "terse", 10, at=70)
    agent.settle(80)
    assert agent.published.probabilities == {"base": 1.0}


def test_what_was_let_back_in_is_so_after_a_recount(learning: Made) -> None:
    agent = learning(bandit=LIMITED)
    terse = a_variant("terse", state="live")
    agent.stores.ledger.add_variant(terse)
    agent.step(0)
    fail(agent, "terse", 10, at=5)
    agent.step(6)
    agent.stores.ledger.move_variant(terse.id, "live", a_decision(1, created_ns=NOON + 40 * SECOND))
    agent.step(41)
    for number in range(5):
        agent.put(a_call(f"{number}", "terse", at=50 + number, outcome="error" if number == 3 else "ok"))
    agent.settle(60)
    counted = agent.state
    assert counted.arm("terse").calls["errors"] == Count(5, 1.0)
    agent.lose()
    agent.settle(80)
    assert agent.state == counted
    assert agent.published.probabilities["terse"] > 0


def test_where_every_variant_fails_the_incumbent_goes_on_answering(learning: Made) -> None:
    agent = learning(bandit=LIMITED)
    agent.stores.ledger.add_variant(a_variant("base", state="live", changes=Changes()))
    agent.stores.ledger.add_variant(a_variant("terse", state="live"))
    agent.step(0)
    fail(agent, "base", 10, at=5)
    fail(agent, "terse", 10, at=6)
    agent.settle(10)
    assert agent.published.probabilities == {"base": 1.0}


def test_latency_cost_and_violations_are_held_against_their_limits(learning: Made) -> None:
    limits = Limits(violation_rate=0.1, latency_p95_ms=1_000, mean_cost_usd=0.01)
    agent = learning(bandit=BanditSettings(ramp=None, limits=limits))
    found = Fact("violation", {"rule": "pii"})
    agent.put(a_call("1", took=2, cost_usd=0.05, facts=(found, found)), a_call("2", took=0.5))
    agent.settle(10)
    calls = {name: (count.n, count.total) for name, count in agent.arm("base").calls.items()}
    assert calls == {"violations": (2, 1.0), "slow": (2, 1.0), "cost": (1, pytest.approx(0.5))}


# Epochs


def test_before_anything_is_known_an_epoch_shares_traffic_out_evenly(learning: Made) -> None:
    agent = learning()
    agent.step()
    assert agent.published.probabilities == pytest.approx({"base": 0.5, "terse": 0.5}, abs=0.05)
    assert agent.published.policy == "thompson"


def test_epochs_come_no_more_often_than_they_should_and_not_without_news(learning: Made) -> None:
    agent = learning(every=10)
    agent.step(0)
    first = agent.published
    play(agent, 4)
    agent.step(5)
    agent.step(9)
    assert agent.published == first
    agent.step(10)
    second = agent.published
    assert second.epoch.startswith("2-")
    agent.step(20)
    agent.step(300)
    assert agent.published == second


def test_a_variant_that_is_promoted_gets_traffic_with_the_next_epoch(learning: Made) -> None:
    agent = learning()
    agent.step(0)
    kind = a_variant("kind", state="canary")
    agent.stores.ledger.add_variant(kind)
    agent.step(10)
    assert agent.published.probabilities["kind"] > 0.2
    assert [variant.name for variant in agent.published.variants] == ["kind"]
    retired = a_decision(1)
    agent.stores.ledger.move_variant(kind.id, "retired", retired)
    agent.step(20)
    assert "kind" not in agent.published.probabilities
    assert not agent.published.variants


def test_variants_of_the_configuration_are_not_told_to_workers_who_know_them(learning: Made) -> None:
    agent = learning()
    agent.stores.ledger.add_variant(a_variant("terse", state="live"))
    agent.step(0)
    assert not agent.published.variants


def test_a_ramp_grows_with_time_though_nothing_is_new(learning: Made) -> None:
    agent = learning(bandit=BanditSettings(ramp=Ramp(start=0.1, rewards=0, seconds=100)), every=10)
    agent.step(0)
    shares = [agent.published.probabilities["terse"]]
    for at in (50, 110, 200):
        agent.step(at)
        shares.append(agent.published.probabilities["terse"])
    assert shares[0] == pytest.approx(0.1)
    assert shares[1] > 0.4
    assert agent.published.at_ns == NOON + 110 * SECOND


def test_a_variant_of_a_name_that_another_had_begins_anew(learning: Made) -> None:
    agent = learning()
    old = a_variant("terse", state="live")
    agent.stores.ledger.add_variant(old)
    play(agent, 20)
    agent.settle(30)
    assert agent.arm("terse").n == 10
    new = a_variant("terse", state="live", changes=Changes(instructions=(Bullet(text="Be very brief."),)))
    agent.stores.ledger.add_variant(new, instead=a_decision(1, created_ns=NOON + 45 * SECOND))
    agent.settle(50)
    assert agent.arm("base").n == 10
    assert agent.arm("terse").n == 0
    play(agent, 4, first=70)
    agent.settle(80)
    assert (agent.arm("base").n, agent.arm("terse").n) == (12, 2)


def test_what_shares_were_of_late_is_kept(learning: Made) -> None:
    agent = learning(every=10)
    agent.step(0)
    for number in range(3):
        play(agent, 4, first=number * 10)
        agent.step(number * 10 + 9)
        agent.step(number * 10 + 10)
    first, *_, last = agent.kept.history
    assert first == pytest.approx({"base": 0.5, "terse": 0.5}, abs=0.05)
    assert last == agent.published.probabilities


def test_the_ledger_is_told_when_shares_have_moved_much(learning: Made) -> None:
    agent = learning(every=1)
    agent.step(0)
    for number in range(60):
        play(agent, 1, first=number)
        agent.step(number + 1)
    agent.settle(70)
    told = agent.stores.ledger.decisions(AGENT, kinds=["epoch"])
    shares = [decision.evidence["epoch"]["probabilities"]["terse"] for decision in reversed(told)]
    assert 2 <= len(shares) <= 8
    assert shares == sorted(shares)


# Implicit signals


def test_retries_and_abandonment_count_like_any_other_score(learning: Made) -> None:
    agent = learning(scores={"thumbs": 1, RETRY: -0.5, ABANDONMENT: -1}, wait=60)
    question = a_call("1").request
    first = a_call("1", session="s", request=question)
    again = a_call("2", session="s", request=question, at=5, outcome="error")
    agent.put(first, a_thumb(first, at=3), again)
    agent.settle(70)
    # One of two calls was asked again; the session ended with an error.
    assert agent.rewards == [1.0 - 0.5 * 0.5 - 1.0]
    heard = agent.stores.ledger.scores(ScoreFilter(source="implicit"))
    assert sorted((score.evaluator, score.subject, score.value) for score in heard) == sorted(
        [(RETRY, first.id, 1.0), (RETRY, again.id, 0.0), (ABANDONMENT, again.id, 1.0)]
    )


def test_what_is_heard_again_after_a_restart_is_put_once(learning: Made) -> None:
    agent = learning(scores={RETRY: -1}, bounds=(-1, 0))
    agent.put(a_call("1", session="s"), a_call("2", session="s", at=1))
    agent.settle(10)
    before = agent.stores.ledger.scores_after(0, 100)
    agent.lose()
    agent.settle(30)
    assert agent.stores.ledger.scores_after(0, 100) == before


def test_what_counts_for_nothing_is_not_listened_for(learning: Made) -> None:
    agent = learning()
    agent.put(a_call("1", session="s"), a_call("2", session="s", at=1))
    agent.settle(100)
    assert agent.stores.ledger.scores(ScoreFilter()) == []
