"""`burnish guardrails`: which rules are in force, how rightly they find, and how what was learned is steered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine

from records.guard import SignedPolicy
from stores.guard_rules import GuardRuleStore, open_guard_rules, signed, verified
from stores.incidents import open_incidents
from stores.ledger import open_ledger
from stores.secret import load_secret
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.incidents import a_decision, a_policy, an_incident

AGENT = "support"


@pytest.fixture
def learned(tmp_path: Path) -> Recorded:
    """An agent with rules of its own, and two that it learned one after the other."""
    found = Recorded(tmp_path)
    found.width = 200
    step = {"input": ["injection"], "output": [], "rules": {"competitors": {"words": ["acme"], "action": "flag"}}}
    found.config.write_text(
        yaml.safe_dump(
            {
                "version": 1,
                "records": {"dir": str(found.data)},
                "providers": {"p": {"base_url": "http://127.0.0.1:1/v1"}},
                "models": {"m": {"provider": "p", "model": "m"}},
                "agents": {AGENT: {"models": {"default": "m"}, "middleware": [{"guardrails": step}]}},
            }
        )
    )
    incidents = open_incidents(f"sqlite:///{found.database}")
    states = ["confirmed", "confirmed", "confirmed", "dismissed", "open"]
    several = [an_incident(n, rule="competitors", state=state, sightings=()) for n, state in enumerate(states, 1)]
    others = [an_incident(7, rule="injection.override", sightings=(), count=4)]
    incidents.keep(AGENT, None, b"", [*several, *others, an_incident(8, rule="old.rule", sightings=())])
    incidents.close()
    secret = load_secret(found.data)
    rules = open_guard_rules(f"sqlite:///{found.database}")
    rules.put(signed(secret, a_policy(1, "oath")), 0, a_decision("1"))
    rules.put(signed(secret, a_policy(2, "oath", "guidelines")), 1, a_decision("2"))
    rules.close()
    return found


@pytest.fixture
def store(learned: Recorded) -> Iterator[GuardRuleStore]:
    store = open_guard_rules(f"sqlite:///{learned.database}")
    yield store
    store.close()


def live(learned: Recorded, store: GuardRuleStore) -> dict[str, str]:
    """The modes of the rules in force."""
    found = store.live_policies([AGENT])[AGENT]
    if found is None:
        return {}
    return {each.rule.id: each.mode for each in verified(load_secret(learned.data), found).rules}


def tampered(learned: Recorded, version: int) -> None:
    engine = create_engine(f"sqlite:///{learned.database}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE guard_policies SET signature = 'x' WHERE version = ?", (version,))
    engine.dispose()


# Looking


def test_rules_are_listed_with_where_they_are_from_and_how_rightly_they_find(learned: Recorded) -> None:
    out = learned.run("guardrails", AGENT).stdout
    assert out.startswith("learned rules: version 2\n")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert " learned " in rows["learned.oath"]
    assert " shadow " in rows["learned.oath"]
    assert " configuration " in rows["competitors"]
    assert "75% (30% to 95%)" in rows["competitors"]
    assert "block or rewrite" in rows["injection.override"]
    assert " no longer " in rows["old.rule"]


def test_the_document_has_every_number(learned: Recorded) -> None:
    told: Any = learned.json("guardrails", AGENT)
    assert (told["agent"], told["version"]) == (AGENT, 2)
    rules = {rule["id"]: rule for rule in told["rules"]}
    mine = rules["competitors"]
    assert (mine["from"], mine["mode"], mine["action"], mine["words"]) == ("configuration", "enforce", "flag", ["acme"])
    assert (mine["runs"], mine["open"], mine["confirmed"], mine["dismissed"]) == (5, 1, 3, 1)
    assert mine["precision"] == 0.75
    assert mine["interval"] == pytest.approx([0.30, 0.954], abs=0.005)
    assert rules["injection.override"]["runs"] == 4
    assert rules["learned.guidelines"]["precision"] is None
    assert told["others"]["old.rule"]["runs"] == 1


def test_without_the_step_it_is_said_that_nothing_learned_is_followed(learned: Recorded) -> None:
    written = yaml.safe_load(learned.config.read_text())
    written["agents"][AGENT]["middleware"] = []
    learned.config.write_text(yaml.safe_dump(written))
    result = learned.run("guardrails", AGENT)
    assert "it has no step `guardrails` that is on" in result.stderr
    assert "learned.oath" in result.stdout


def test_versions_are_listed_newest_first(learned: Recorded) -> None:
    told = learned.json("guardrails", "versions", AGENT)
    assert [(each["version"], each["live"], each["rules"]) for each in told] == [
        (2, True, ["learned.oath", "learned.guidelines"]),
        (1, False, ["learned.oath"]),
    ]
    tampered(learned, 1)
    first, second = learned.run("guardrails", "versions", AGENT).stdout.splitlines()
    assert first.startswith("   2 live ")
    assert "version 1, do not bear this deployment's signature" in second


def test_rules_that_were_changed_are_not_listed_as_if_they_held(learned: Recorded) -> None:
    tampered(learned, 2)
    line = refusal(learned.run("guardrails", AGENT))
    assert "the learned rules of 'support', version 2, do not bear this deployment's signature" in line
    assert "burnish guardrails rollback support --to VERSION" in line


# Steering


def test_a_rollback_goes_a_version_back_and_at_last_to_none(learned: Recorded, store: GuardRuleStore) -> None:
    result = learned.run("guardrails", "rollback", AGENT, "--why", "It blocks too much.", "--by", "ada")
    assert result.stdout == "support: learned rules version 2 → 1\n"
    assert live(learned, store) == {"learned.oath": "shadow"}
    assert learned.json("guardrails", "rollback", AGENT)["now"] == 0
    assert live(learned, store) == {}
    assert "no learned rule of 'support' is in force" in refusal(learned.run("guardrails", "rollback", AGENT))
    assert learned.json("guardrails", "rollback", AGENT, "--to", "2")["now"] == 2
    ledger = open_ledger(f"sqlite:///{learned.database}")
    decision = ledger.decisions(AGENT)[2]
    ledger.close()
    assert (decision.kind, decision.text, decision.actor) == ("guardrail", "It blocks too much.", "ada")
    assert (decision.evidence["was"], decision.evidence["now"]) == (2, 1)


def test_rules_that_were_changed_are_rolled_back_to_the_last_that_were_not(
    learned: Recorded, store: GuardRuleStore
) -> None:
    tampered(learned, 2)
    assert learned.json("guardrails", "rollback", AGENT)["now"] == 1
    line = refusal(learned.run("guardrails", "rollback", AGENT, "--to", "2"))
    assert "do not bear this deployment's signature" in line
    assert store.live(AGENT) == 1


def test_a_rule_is_enforced_and_put_into_shadow_again_each_a_new_version(
    learned: Recorded, store: GuardRuleStore
) -> None:
    out = learned.run("guardrails", "enforce", AGENT, "learned.oath").stdout
    assert out == "learned.oath: shadow → enforce (version 3)\n"
    assert live(learned, store) == {"learned.oath": "enforce", "learned.guidelines": "shadow"}
    assert "is enforced already" in refusal(learned.run("guardrails", "enforce", AGENT, "learned.oath"))
    assert learned.json("guardrails", "shadow", AGENT, "learned.oath")["version"] == 4
    assert live(learned, store)["learned.oath"] == "shadow"
    learned.run("guardrails", "rollback", AGENT, "--to", "2")
    learned.run("guardrails", "enforce", AGENT, "learned.guidelines")
    newest: SignedPolicy = store.policies(AGENT)[0]
    policy = verified(load_secret(learned.data), newest)
    assert (policy.version, policy.parent) == (5, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("enforce", AGENT, "learned.oaths"), "did you mean 'learned.oath'?"),
        (("enforce", AGENT, "competitors"), "is the configuration's: set its mode at support's step guardrails"),
        (("shadow", AGENT, "learned.oath"), "is in shadow already"),
        (("rollback", AGENT, "--to", "9"), "have no version 9; `burnish guardrails versions support`"),
        (("rollback", AGENT, "--to", "2"), "is in force already"),
        (("sales",), "has no agent 'sales'"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said_in_a_line(learned: Recorded, arguments: tuple[str, ...], words: str) -> None:
    assert words in refusal(learned.run("guardrails", *arguments))
