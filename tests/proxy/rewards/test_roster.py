"""Which variants take part: the configuration's and the ledger's, which has the last word."""

from typing import Any

import msgspec

from proxy.rewards.roster import Roster, roster_of
from records.decision import Decision
from records.variant import Changes, State, Variant
from tests.support.scores import a_decision, a_variant

BASE = a_variant("base", changes=Changes(), state="live", origin="yaml")
CONFIGURED = ("base", "terse")


def moved(variant: Variant, was: State, now: State, at_ns: int, **changes: Any) -> Decision:
    evidence = {"variant": variant.id, "was": was, "now": now}
    return a_decision(at_ns, created_ns=at_ns, evidence=evidence, subject=variant.name, **changes)


def aside(name: str, changes: Changes, **more: Any) -> Variant:
    """One that had the name, and made way."""
    found = a_variant(name, changes=changes, state="retired", **more)
    return msgspec.structs.replace(found, name=found.aside(name))


def test_where_the_ledger_is_empty_the_configuration_decides() -> None:
    assert roster_of(CONFIGURED, [], []) == Roster(CONFIGURED)


def test_variants_of_the_ledger_join_when_they_are_in_a_state_that_serves() -> None:
    states: tuple[State, ...] = ("draft", "candidate", "canary", "live", "retired", "rejected")
    kept = [a_variant(state, state=state) for state in states]
    assert roster_of(CONFIGURED, kept, []).eligible == ("base", "terse", "canary", "live")
    assert [variant.name for variant in roster_of(CONFIGURED, kept, []).serving] == ["canary", "live"]


def test_a_variant_that_was_retired_is_out_though_the_configuration_has_it() -> None:
    kept = [BASE, a_variant("terse", state="retired")]
    assert roster_of(CONFIGURED, kept, []).eligible == ("base",)


def test_somebody_answers_though_all_were_retired() -> None:
    kept = [a_variant("base", state="retired"), a_variant("terse", state="rejected")]
    assert roster_of(CONFIGURED, kept, []).eligible == ("base",)


def test_a_name_that_was_another_variants_means_the_new_one_since_that_made_way() -> None:
    old = aside("terse", Changes(model="m"), created_ns=5)
    new = a_variant("terse", state="live", created_ns=77)
    roster = roster_of(CONFIGURED, [BASE, old, new], [moved(old, "live", "retired", 77)])
    assert roster.eligible == CONFIGURED
    assert [roster.means("terse", at_ns) for at_ns in (1, 76, 77, 90)] == [False, False, True, True]
    assert roster.means("base", 1)


def test_a_variant_that_has_its_name_back_keeps_what_was_its_own() -> None:
    first = a_variant("terse", state="live", created_ns=5)
    second = aside("terse", Changes(model="m"), created_ns=50)
    decisions = [moved(first, "live", "retired", 50), moved(second, "live", "retired", 90)]
    roster = roster_of(CONFIGURED, [first, second], decisions)
    assert [roster.means("terse", at_ns) for at_ns in (10, 50, 89, 90)] == [True, False, False, True]


def test_it_knows_when_a_variant_was_let_back_in() -> None:
    terse = a_variant("terse", state="live")
    decisions = [
        moved(terse, "live", "retired", 10, kind="stop"),
        moved(terse, "retired", "live", 20),
        moved(terse, "canary", "live", 30, kind="promotion"),
    ]
    assert roster_of(CONFIGURED, [BASE, terse], decisions).resumed == {"terse": (20,)}
