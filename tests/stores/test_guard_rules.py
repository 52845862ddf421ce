"""The rules that agents have learned: signed, versioned, live or taken back; over SQLite and PostgreSQL."""

import hmac
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine

from stores.guard_rules import BadPolicy, GuardRuleStore, open_guard_rules, signed, verified
from stores.ledger import open_ledger
from stores.runs import StoreError
from tests.support.incidents import SECRET, a_decision, a_policy

AGENT = "support"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'burnish.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def store(url: str) -> Iterator[GuardRuleStore]:
    store = open_guard_rules(url)
    yield store
    store.close()


def test_a_policy_that_was_signed_here_is_as_it_was_made() -> None:
    policy = a_policy(3, "guidelines", "oath")
    assert verified(SECRET, signed(SECRET, policy)) == policy
    assert signed(SECRET, policy) == signed(SECRET, a_policy(3, "guidelines", "oath"))


def test_one_that_was_changed_or_signed_elsewhere_is_refused_with_agent_version_and_remedy() -> None:
    found = signed(SECRET, a_policy(3, "guidelines"))
    changed = msgspec.structs.replace(found, document=found.document.replace(b"guidelines", b"x"))
    for bad in (changed, signed(b"e" * 32, a_policy(3)), msgspec.structs.replace(found, signature="")):
        with pytest.raises(BadPolicy, match=r"rules of 'support', version 3, .* rollback support --to VERSION"):
            verified(SECRET, bad)


def test_a_signed_policy_does_for_no_other_agent_and_no_other_version() -> None:
    found = signed(SECRET, a_policy(3, "guidelines"))
    for moved in (msgspec.structs.replace(found, agent="sales"), msgspec.structs.replace(found, version=4)):
        with pytest.raises(BadPolicy, match="they were moved"):
            verified(SECRET, moved)


def test_what_a_newer_version_wrote_is_said_to_be_so() -> None:
    made = signed(SECRET, a_policy(1, "oath"))
    newer = made.document.replace(b'"words":', b'"melody":[],"words":')
    policy = msgspec.json.decode(newer)
    assert policy["rules"][0]["rule"]["melody"] == []
    resigned = msgspec.structs.replace(made, document=newer, signature=_signed_as_they_are(newer))
    with pytest.raises(BadPolicy, match="a newer Burnish wrote them"):
        verified(SECRET, resigned)


def _signed_as_they_are(document: bytes) -> str:
    """By the published recipe: HMAC-SHA256 under a key derived from the secret."""
    return hmac.digest(hmac.digest(SECRET, b"key\0guard policy", "sha256"), document, "sha256").hex()


def test_a_new_version_is_live_at_once_and_the_decision_is_kept(store: GuardRuleStore, url: str) -> None:
    assert (store.live(AGENT), store.policies(AGENT), store.policy(AGENT, 1)) == (0, [], None)
    one, two = signed(SECRET, a_policy(1, "a")), signed(SECRET, a_policy(2, "a", "b"))
    store.put(one, 0, a_decision("1"))
    store.put(two, 1, a_decision("2"))
    assert (store.live(AGENT), store.policies(AGENT), store.policy(AGENT, 1)) == (2, [two, one], one)
    ledger = open_ledger(url)
    assert [decision.id for decision in ledger.decisions(AGENT)] == ["2", "1"]
    ledger.close()


def test_of_two_that_change_the_same_version_the_first_one_counts(store: GuardRuleStore) -> None:
    store.put(signed(SECRET, a_policy(1, "a")), 0, a_decision("1"))
    with pytest.raises(StoreError, match="are version 1 by now, no longer 0"):
        store.put(signed(SECRET, a_policy(2, "b")), 0, a_decision("2"))
    with pytest.raises(StoreError, match="are version 1 by now, no longer 4"):
        store.roll_back(AGENT, 4, 0, a_decision("3"))
    assert (store.live(AGENT), len(store.policies(AGENT))) == (1, 1)


def test_rolling_back_moves_what_is_live_and_nothing_else(store: GuardRuleStore) -> None:
    for version in (1, 2):
        store.put(signed(SECRET, a_policy(version, "a")), version - 1, a_decision(str(version)))
    store.roll_back(AGENT, 2, 1, a_decision("back"))
    assert store.live(AGENT) == 1
    store.roll_back(AGENT, 1, 0, a_decision("none"))
    assert store.live(AGENT) == 0
    with pytest.raises(StoreError, match="have no version 7"):
        store.roll_back(AGENT, 0, 7, a_decision("never"))
    assert [policy.version for policy in store.policies(AGENT)] == [2, 1]


def test_what_is_live_is_told_of_many_agents_at_once(store: GuardRuleStore) -> None:
    mine, others = signed(SECRET, a_policy(1, "a")), signed(SECRET, a_policy(1, "b", agent="sales"))
    store.put(mine, 0, a_decision("1"))
    store.put(others, 0, a_decision("2"))
    store.roll_back("sales", 1, 0, a_decision("3"))
    assert store.live_policies([AGENT, "sales", "nobody"]) == {AGENT: mine, "sales": None}
    assert store.live_policies(["nobody"]) == {}


def test_that_a_live_version_is_missing_is_not_the_same_as_having_none(store: GuardRuleStore, url: str) -> None:
    store.put(signed(SECRET, a_policy(1, "a")), 0, a_decision("1"))
    _forget_policies(url)
    (found,) = store.live_policies([AGENT]).values()
    assert found is not None
    with pytest.raises(BadPolicy, match="'support', version 1"):
        verified(SECRET, found)


def _forget_policies(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM guard_policies")
    engine.dispose()
