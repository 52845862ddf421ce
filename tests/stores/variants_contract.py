"""What every ledger promises of variants. A database's own test module derives from `VariantsContract`."""

import msgspec
import pytest
from hypothesis import given

from records.decision import StateChange
from records.variant import Changes, Variant
from stores.ledger import Ledger
from stores.runs import StoreError
from tests.stores.ledger_contract import AGENT, SHARED_LEDGER
from tests.support.scores import a_decision, a_variant, variants


class VariantsContract:
    """Needs the fixture `ledger`."""

    @SHARED_LEDGER
    @given(variant=variants())
    def test_a_variant_comes_back_as_it_was_added(self, ledger: Ledger, variant: Variant) -> None:
        number = len(ledger.variants())
        variant = msgspec.structs.replace(variant, id=f"{number} {variant.id}", name=f"{number} {variant.name}")
        assert ledger.add_variant(variant)
        found = ledger.variant(variant.agent, variant.name)
        assert found is not None
        assert msgspec.structs.replace(found, name=variant.name) == variant

    def test_an_agents_variants_are_told_oldest_first(self, ledger: Ledger) -> None:
        added = [a_variant("terse"), a_variant("kind"), a_variant("terse", agent="sales")]
        assert [ledger.add_variant(variant) for variant in added] == [True, True, True]
        assert ledger.variants("support") == added[:2]
        assert ledger.variants() == added
        assert ledger.variants("nobody") == []

    def test_what_an_agent_has_already_is_not_added_again_under_whatever_name(self, ledger: Ledger) -> None:
        assert ledger.add_variant(a_variant("terse"))
        assert not ledger.add_variant(a_variant("terse", note="the same again"))
        assert not ledger.add_variant(a_variant("brief", changes=a_variant("terse").changes))
        assert ledger.variants(AGENT) == [a_variant("terse")]

    def test_a_name_that_is_taken_is_refused(self, ledger: Ledger) -> None:
        ledger.add_variant(a_variant("terse"))
        with pytest.raises(StoreError, match=f"another variant called 'terse' \\({a_variant('terse').id}\\)"):
            ledger.add_variant(a_variant("terse", changes=Changes(model="smart")))
        assert ledger.variants(AGENT) == [a_variant("terse")]

    def test_a_variant_is_found_by_its_name_its_id_or_the_beginning_of_it(self, ledger: Ledger) -> None:
        variant = a_variant("terse")
        ledger.add_variant(variant)
        digest = variant.changes.digest
        for name in ("terse", variant.id, variant.id[:-3], digest, digest[:4]):
            assert ledger.variant(AGENT, name) == variant
        for name in ("ters", "", f"{digest}0", "%", "sales"):
            assert ledger.variant(AGENT, name) is None
        assert ledger.variant("sales", "terse") is None

    def test_a_name_goes_before_the_beginning_of_an_id_which_must_be_enough(self, ledger: Ledger) -> None:
        one, two = a_variant("one", id="support:aa00"), a_variant("two", id="support:aa01")
        for variant in (one, two):
            ledger.add_variant(variant)
        with pytest.raises(StoreError, match=r"'aa' begins the ids of several .* support:aa00, support:aa01"):
            ledger.variant(AGENT, "aa")
        named = a_variant("aa")
        ledger.add_variant(named)
        assert ledger.variant(AGENT, "aa") == named
        longer = a_variant("longer", id="support:aa000")
        ledger.add_variant(longer)
        assert ledger.variant(AGENT, "aa00") == one

    def test_a_variant_moves_on_and_the_decision_says_from_where_to_where(self, ledger: Ledger) -> None:
        variant = a_variant("terse", state="candidate")
        ledger.add_variant(variant)
        moved = ledger.move_variant(variant.id, "canary", a_decision(1, evidence={"passed": 12}))
        assert moved == msgspec.structs.replace(variant, state="canary") == ledger.variant(AGENT, "terse")
        (decision,) = ledger.decisions(AGENT)
        assert decision.subject == "terse"
        assert decision.change == StateChange(variant.id, "candidate", "canary")
        assert decision.evidence["passed"] == 12

    def test_a_variant_that_is_in_the_state_already_stays_and_nothing_is_decided(self, ledger: Ledger) -> None:
        variant = a_variant("terse", state="retired")
        ledger.add_variant(variant)
        assert ledger.move_variant(variant.id, "retired", a_decision(1)) == variant
        assert ledger.decisions(AGENT) == []

    def test_a_move_from_a_state_that_is_over_is_refused(self, ledger: Ledger) -> None:
        variant = a_variant("terse", state="retired")
        ledger.add_variant(variant)
        with pytest.raises(StoreError, match="'terse' is retired by now, no longer canary"):
            ledger.move_variant(variant.id, "live", a_decision(1), was="canary")
        assert ledger.variant(AGENT, "terse") == variant
        assert ledger.decisions(AGENT) == []

    def test_a_decision_moves_a_variant_once(self, ledger: Ledger) -> None:
        variant = a_variant("terse")
        ledger.add_variant(variant)
        ledger.move_variant(variant.id, "canary", a_decision(1), was="draft")
        ledger.move_variant(variant.id, "retired", a_decision(2))
        assert ledger.move_variant(variant.id, "canary", a_decision(1), was="draft").state == "retired"
        assert len(ledger.decisions(AGENT)) == 2

    def test_only_a_variant_that_is_there_can_move(self, ledger: Ledger) -> None:
        with pytest.raises(StoreError, match="no variant 'support:0'"):
            ledger.move_variant("support:0", "live", a_decision())

    def test_a_variant_makes_way_for_another_of_its_name_and_may_come_back(self, ledger: Ledger) -> None:
        first = a_variant("terse", state="live")
        second = a_variant("terse", state="live", changes=Changes(model="smart"), parents=(first.id,))
        ledger.add_variant(first)
        assert ledger.add_variant(second, instead=a_decision(1))
        assert not ledger.add_variant(second, instead=a_decision(2))
        aside = f"terse.{first.short}"
        assert ledger.variants(AGENT) == [msgspec.structs.replace(first, name=aside, state="retired"), second]
        (decision,) = ledger.decisions(AGENT)
        assert decision.change == StateChange(first.id, "live", "retired")

        assert ledger.add_variant(first, instead=a_decision(3))
        aside = f"terse.{second.short}"
        assert ledger.variants(AGENT) == [first, msgspec.structs.replace(second, name=aside, state="retired")]

    def test_nothing_makes_way_for_what_the_agent_has_under_another_name(self, ledger: Ledger) -> None:
        for variant in (a_variant("terse"), a_variant("kind")):
            ledger.add_variant(variant)
        assert not ledger.add_variant(a_variant("terse", changes=a_variant("kind").changes), instead=a_decision())
        assert [variant.name for variant in ledger.variants(AGENT)] == ["terse", "kind"]
