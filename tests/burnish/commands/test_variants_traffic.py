"""`burnish variants start`, `stop`, `undo` and `log`."""

import json
from pathlib import Path

import pytest

from proxy.seeding import CONFIGURATION
from tests.burnish.commands.agents import add, ledger_of, shown, states, with_agents
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.scores import a_decision, a_variant


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return with_agents(tmp_path)


def test_a_started_variant_is_a_canary_and_a_stopped_one_is_retired(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    moved = recorded.json("variants", "start", "support", "kind")
    assert (moved["variant"], moved["was"], moved["now"]) == ("kind", "candidate", "canary")
    assert states(recorded) == {"base": "live", "terse": "live", "kind": "canary"}
    result = recorded.run("variants", "stop", "support", "kind", "--why", "It was rude.")
    assert result.stdout == "kind: canary → retired; `burnish variants undo support` takes back this\n"
    assert states(recorded)["kind"] == "retired"


def test_starting_says_so_where_the_policy_takes_nothing_in(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    told = recorded.run("variants", "start", "support", "kind").stderr
    assert told.startswith("support's variant_routing does not learn, so its policy alone says who gets traffic")
    recorded.config.write_text(
        recorded.config.read_text().replace("- variant_routing", "- variant_routing: {policy: ucb}")
    )
    for command in (["stop", "support", "kind"], ["start", "support", "kind"]):
        result = recorded.run("variants", *command)
        assert (result.exit_code, result.stderr) == (0, "")


def test_a_variant_of_the_file_may_be_stopped_before_it_was_ever_served(recorded: Recorded) -> None:
    assert recorded.run("variants", "stop", "support", "terse").exit_code == 0
    assert states(recorded) == {"base": "live", "terse": "retired"}


def test_every_move_is_a_decision_with_who_and_why(recorded: Recorded) -> None:
    moved = recorded.json("variants", "stop", "support", "terse", "--why", "It was rude.", "--by", "ada")
    (decision,) = recorded.lines("variants", "log", "support")
    assert decision["id"] == moved["decision"]
    assert (decision["kind"], decision["subject"], decision["actor"]) == ("state", "terse", "ada")
    assert (decision["text"], decision["tenant"]) == ("It was rude.", "acme")
    assert decision["evidence"]["was"] == "live"
    assert len(decision["config_hash"]) == 16


def test_what_cannot_move_is_refused(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    ledger = ledger_of(recorded)
    ledger.add_variant(a_variant("bad", state="candidate"))
    ledger.move_variant(a_variant("bad").id, "rejected", a_decision(1, text="It leaked a key."))
    ledger.close()
    for command, told in (
        (["start", "support", "terse"], "terse gets traffic already: it is live"),
        (["stop", "support", "kind"], "kind gets no traffic: it is candidate"),
        (["start", "support", "bad"], "bad was rejected (It leaked a key.)"),
        (["stop", "support", "knid"], "has no variant 'knid'; did you mean 'kind'?"),
        (["stop", "sales", "base"], "base is the only variant that gets traffic; start another one first"),
    ):
        assert told in refusal(recorded.run("variants", *command))


def test_a_variant_that_the_configuration_cannot_serve_any_more_is_not_started(recorded: Recorded) -> None:
    add(recorded, "smarter", "--model", "smart")
    text = recorded.config.read_text().replace("smart: {provider", "clever: {provider").replace("smart}", "clever}")
    recorded.config.write_text(text)
    told = refusal(recorded.run("variants", "start", "support", "smarter"))
    assert told == "variant smarter: model: no model called 'smart'"
    assert states(recorded)["smarter"] == "candidate"


def test_undo_takes_back_one_change_after_another(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    for command in (["start", "support", "kind"], ["stop", "support", "terse"]):
        assert recorded.run("variants", *command).exit_code == 0
    undone = recorded.json("variants", "undo", "support")
    assert (undone["variant"], undone["was"], undone["now"]) == ("terse", "retired", "live")
    assert states(recorded)["kind"] == "canary"
    assert recorded.run("variants", "undo", "support", "--why", "Not yet.").exit_code == 0
    assert states(recorded) == {"base": "live", "terse": "live", "kind": "candidate"}
    assert "there is nothing to undo" in refusal(recorded.run("variants", "undo", "support"))
    texts = [decision["text"] for decision in recorded.lines("variants", "log", "support")]
    assert texts == ["Not yet.", "Undone: Stopped.", "Stopped.", "Started."]


def test_what_is_done_after_an_undo_may_be_undone_as_well(recorded: Recorded) -> None:
    for command in (["stop", "support", "terse"], ["undo", "support"], ["stop", "support", "terse"]):
        assert recorded.run("variants", *command).exit_code == 0
    assert recorded.json("variants", "undo", "support")["now"] == "live"
    assert "nothing to undo" in refusal(recorded.run("variants", "undo", "support"))


def test_what_a_program_decided_may_be_undone_and_what_the_configuration_did_not(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    recorded.run("variants", "start", "support", "kind")
    ledger = ledger_of(recorded)
    by_name = {variant.name: variant.id for variant in ledger.variants("support")}
    ledger.move_variant(by_name["kind"], "retired", a_decision(1, kind="stop", actor="guardrail"))
    ledger.move_variant(by_name["terse"], "retired", a_decision(2, actor=CONFIGURATION))
    ledger.close()
    assert recorded.json("variants", "undo", "support")["now"] == "canary"
    assert states(recorded) == {"base": "live", "terse": "retired", "kind": "canary"}


def test_a_change_that_something_else_came_after_is_not_undone(recorded: Recorded) -> None:
    recorded.run("variants", "stop", "support", "terse")
    ledger = ledger_of(recorded)
    terse = next(variant.id for variant in ledger.variants("support") if variant.name == "terse")
    ledger.move_variant(terse, "live", a_decision(1, actor=CONFIGURATION))
    ledger.close()
    assert "terse is live by now, no longer retired" in refusal(recorded.run("variants", "undo", "support"))


# The log


def test_the_log_is_one_line_for_each_decision_newest_first(recorded: Recorded) -> None:
    recorded.run("variants", "stop", "support", "terse", "--why", "It was rude.", "--by", "ada")
    recorded.run("variants", "undo", "support")
    names, undo, stop = shown(recorded, "log", "support").splitlines()
    assert names.split() == ["time", "decision", "kind", "about", "change", "by", "why"]
    assert stop.endswith("state  terse  live → retired  ada    It was rude.")
    assert undo.endswith("state  terse  retired → live  owner  Undone: It was rude.")


def test_epochs_are_told_only_when_they_are_asked_for(recorded: Recorded) -> None:
    ledger = ledger_of(recorded)
    for number, kind in enumerate(("epoch", "stop", "epoch", "alarm")):
        ledger.add_decision(a_decision(number, kind=kind, subject=kind))
    ledger.close()

    def kinds(*options: str) -> list[str]:
        return [decision["kind"] for decision in recorded.lines("variants", "log", "support", *options)]

    assert kinds() == ["alarm", "stop"]
    assert kinds("--kind", "epoch") == ["epoch", "epoch"]
    assert kinds("--kind", "epoch", "--kind", "alarm", "--limit", "2") == ["alarm", "epoch"]
    assert kinds("--variant", "stop") == ["stop"]
    told = refusal(recorded.run("variants", "log", "support", "--kind", "epochs"))
    assert told == "burnish: --kind: there is no kind 'epochs'; did you mean 'epoch'?"


def test_one_decision_is_told_with_its_evidence(recorded: Recorded) -> None:
    decision = a_decision(1, kind="stop", text="Too many errors.", evidence={"errors": 12, "calls": 30}, alpha=0.01)
    ledger = ledger_of(recorded)
    ledger.add_decision(decision)
    ledger.add_decision(a_decision(2))
    ledger.close()
    told = shown(recorded, "log", "support", decision.id[:6])
    for words in (decision.id, "Too many errors.", '"errors": 12', "alpha 0.01", "by ada"):
        assert words in told
    (as_json,) = recorded.lines("variants", "log", "support", decision.id)
    assert as_json["evidence"] == decision.evidence
    assert a_decision(2).id in shown(recorded, "log", "support", "last")
    assert "no decision 'zz'" in refusal(recorded.run("variants", "log", "support", "zz"))


def test_no_decisions_are_said_to_be_none(recorded: Recorded) -> None:
    recorded.put()
    assert shown(recorded, "log", "support") == "No decisions.\n"
    assert recorded.lines("variants", "log", "support") == []


def test_a_log_is_read_without_any_configuration(recorded: Recorded) -> None:
    recorded.run("variants", "stop", "support", "terse")
    recorded.config.unlink()
    result = recorded.run("variants", "log", "support", "--json", "--db", f"sqlite:///{recorded.database}")
    assert json.loads(result.stdout)["subject"] == "terse"
