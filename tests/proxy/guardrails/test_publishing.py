"""Rules come into force in workers as they were signed, and stay in force until others take their place."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from sqlalchemy import create_engine

from proxy.guardrails.following import LearnedRules
from proxy.guardrails.publishing import Published, RulePublishing
from records.guard import SignedPolicy
from stores.guard_rules import GuardRuleStore, open_guard_rules, signed
from stores.learned_rules import RULES
from stores.routing import Folded
from stores.states import News, States
from stores.states.opening import news_in, states_in
from tests.support.incidents import SECRET, a_decision, a_policy

AGENT = "support"


class Here(NamedTuple):
    rules: GuardRuleStore
    publishing: RulePublishing
    news: News[SignedPolicy]
    url: str

    async def published(self) -> Mapping[str, SignedPolicy]:
        found = await self.news.published()
        assert found is not None
        return found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    rules, states = open_guard_rules(url), states_in(tmp_path, None, RULES)
    yield Here(rules, RulePublishing(Published(rules, states), SECRET), news_in(tmp_path, None, RULES), url)
    rules.close()
    states.close()


def put(here: Here, version: int, *words: str) -> SignedPolicy:
    policy = signed(SECRET, a_policy(version, *words))
    here.rules.put(policy, version - 1, a_decision(f"{version}"))
    return policy


async def test_a_worker_goes_by_the_rules_that_are_live_and_loses_them_when_they_are_taken_back(here: Here) -> None:
    worker = LearnedRules(SECRET)
    assert worker.of(AGENT) == ()
    for version, words in ((1, ("oath",)), (2, ("oath", "guidelines"))):
        put(here, version, *words)
        here.publishing.step([AGENT], now=float(version))
        worker.take(await here.published())
        assert [each.rule.words for each in worker.of(AGENT)] == [(word,) for word in words]
    for was, to, left in ((2, 1, ["oath"]), (1, 0, [])):
        here.rules.roll_back(AGENT, was, to, a_decision(f"back {to}"))
        here.publishing.step([AGENT], now=3.0)
        worker.take(await here.published())
        assert [each.rule.words[0] for each in worker.of(AGENT)] == left
    assert worker.of("other") == ()


async def test_rules_are_the_same_object_while_they_are_the_same(here: Here) -> None:
    worker = LearnedRules(SECRET)
    assert worker.of(AGENT) is worker.of(AGENT)
    put(here, 1, "oath")
    here.publishing.step([AGENT], now=0.0)
    worker.take(await here.published())
    before = worker.of(AGENT)
    worker.take(dict(await here.published()))
    assert worker.of(AGENT) is before


def test_silence_drops_no_rule() -> None:
    worker = LearnedRules(SECRET)
    worker.take({AGENT: signed(SECRET, a_policy(1, "oath"))})
    worker.take({})
    assert len(worker.of(AGENT)) == 1


def test_a_worker_takes_no_rules_that_were_not_signed_here(caplog: pytest.LogCaptureFixture) -> None:
    worker = LearnedRules(SECRET)
    worker.take({AGENT: signed(SECRET, a_policy(1, "oath"))})
    forged = signed(b"e" * 32, a_policy(2))
    with caplog.at_level(logging.ERROR, "burnish.guardrails"):
        worker.take({AGENT: forged})
        worker.take({AGENT: forged})
    assert [each.rule.words for each in worker.of(AGENT)] == [("oath",)]
    (record,) = caplog.records
    assert "'support', version 2" in record.getMessage()
    assert record.getMessage().endswith("the rules in force before stay")


async def test_rules_that_were_changed_in_the_database_are_never_published_and_that_is_said_once(
    here: Here, caplog: pytest.LogCaptureFixture
) -> None:
    good = put(here, 1, "oath")
    here.publishing.step([AGENT], now=0.0)
    put(here, 2, "oath", "guidelines")
    engine = create_engine(here.url)
    with engine.begin() as connection:
        changed = msgspec.json.encode(a_policy(2))
        connection.exec_driver_sql("UPDATE guard_policies SET document = ? WHERE version = 2", (changed,))
    with caplog.at_level(logging.WARNING, "burnish.guardrails"):
        for now in (1.0, 2.0, 20.0):
            here.publishing.step([AGENT], now=now)
        assert await here.published() == {AGENT: good}
        (record,) = caplog.records
        assert "rules of 'support', version 2, do not bear this deployment's signature" in record.getMessage()
        here.rules.roll_back(AGENT, 2, 1, a_decision("back"))
        here.publishing.step([AGENT], now=21.0)
        assert "'support': its learned rules are in order again" in caplog.text
    engine.dispose()


async def test_what_workers_share_is_made_again_when_it_is_lost(here: Here, tmp_path: Path) -> None:
    good = put(here, 1, "oath")
    here.publishing.step([AGENT], now=0.0)
    engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM learned_rules")
    engine.dispose()
    here.publishing.step([AGENT], now=1.0)
    assert await here.published() == {}
    here.publishing.step([AGENT], now=30.0)
    assert await here.published() == {AGENT: good}


async def test_two_machines_that_publish_the_same_do_not_mind_each_other(here: Here, tmp_path: Path) -> None:
    put(here, 1, "oath")
    states = states_in(tmp_path, None, RULES)
    other = RulePublishing(Published(here.rules, Racing(states, here.publishing)), SECRET)
    other.step([AGENT], now=0.0)
    assert [policy.version for policy in (await here.published()).values()] == [1]
    states.close()


class Racing:
    """States in which another is faster, once."""

    def __init__(self, states: States[SignedPolicy], other: RulePublishing) -> None:
        self._states = states
        self._other: RulePublishing | None = other

    def load(self, agent: str) -> Folded | None:
        return self._states.load(agent)

    def save(self, before: Folded | None, folded: Folded, published: SignedPolicy) -> bool:
        if self._other is not None:
            self._other.step([published.agent], now=0.0)
            self._other = None
        return self._states.save(before, folded, published)

    def close(self) -> None:
        """Its owner closes the states."""
