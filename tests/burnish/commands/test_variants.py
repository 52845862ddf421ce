"""`burnish variants AGENT`, and its `show`, `tree` and `diff`."""

import textwrap
from pathlib import Path

import msgspec
import pytest
import yaml
from rich.console import Console
from rich.text import Text

from burnish.commands.variant_views import Column, document, print_table
from records.variant import Bullet, Changes
from tests.burnish.commands.agents import AGENTS, add, ledger_of, shown, states, with_agents
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import a_run
from tests.support.scores import a_decision, a_variant


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return with_agents(tmp_path)


def test_a_list_shows_where_each_variant_stands_and_what_it_changes(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.", "--append", "Say sorry.", "--model", "smart")
    names, base, terse, kind = shown(recorded, "support").splitlines()
    assert names.split() == ["variant", "state", "origin", "id", "changes"]
    assert base.split()[:3] == ["base", "live", "yaml"]
    assert terse.endswith("1 line · temperature 0")
    assert kind.split()[:3] == ["kind", "candidate", "cli"]
    assert kind.endswith("2 lines · model smart")


def test_the_configurations_variants_are_known_before_anything_was_recorded(recorded: Recorded) -> None:
    assert states(recorded) == {"base": "live", "terse": "live"}
    assert not recorded.data.exists()


def test_without_an_agent_every_one_is_listed(recorded: Recorded) -> None:
    lines = [line.split() for line in shown(recorded).splitlines()]
    assert lines[0] == ["support"]
    assert lines[4:6] == [[], ["sales"]]
    assert [found["agent"] for found in recorded.lines("variants")] == ["support", "support", "sales"]


def test_a_configuration_without_agents_or_none_at_all_is_told(recorded: Recorded) -> None:
    recorded.config.write_text("version: 1\n")
    assert refusal(recorded.run("variants")) == f"burnish: {recorded.config} has no agents"
    assert "has no agent 'support'; it has none" in refusal(recorded.run("variants", "support"))
    recorded.config.unlink()
    for command in (["variants"], ["variants", "support"]):
        assert str(recorded.config) in refusal(recorded.run(*command))


def test_list_may_be_said(recorded: Recorded) -> None:
    assert shown(recorded, "list", "support") == shown(recorded, "support")


def test_json_is_a_document_for_each_with_its_changes_as_the_configuration_writes_them(recorded: Recorded) -> None:
    _, terse = recorded.lines("variants", "support")
    assert (terse["name"], terse["tenant"], terse["origin"]) == ("terse", "acme", "yaml")
    assert terse["changes"] == yaml.safe_load(AGENTS)["agents"]["support"]["variants"]["terse"]


def test_looking_changes_nothing(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    for command in (
        ["support"],
        ["tree", "support"],
        ["show", "support", "terse"],
        ["diff", "support", "base", "terse"],
    ):
        shown(recorded, *command)
    ledger = ledger_of(recorded)
    assert ledger.variants() == []
    ledger.close()


def test_a_variant_that_the_file_changed_a_moment_ago_is_shown_beside_what_is_served(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    recorded.config.write_text(recorded.config.read_text().replace("one sentence", "ten words"))
    found = [each for each in recorded.lines("variants", "support") if each["name"] == "terse"]
    assert [each["changes"]["instructions"]["append"] for each in found] == [
        ["Answer in one sentence."],
        ["Answer in ten words."],
    ]
    assert "'terse' may be terse (support:" in refusal(recorded.run("variants", "show", "support", "terse"))


def test_columns_known_elsewhere_stand_beside_a_variants_own() -> None:
    share = Column("share", {"terse": 0.25}, lambda value: Text(f"{value:.0%}"))
    console = Console(width=100, highlight=False)
    with console.capture() as capture:
        print_table([a_variant("terse"), a_variant("kind")], console, [share])
    names, terse, kind = capture.get().splitlines()
    assert terse[: names.index("share") + 5].endswith("  25%")
    assert "%" not in kind
    assert [document(a_variant(name), [share])["share"] for name in ("terse", "kind")] == [0.25, None]


# Looking closer


def test_show_tells_all_of_a_variant_and_what_was_decided_about_it(recorded: Recorded) -> None:
    added = add(recorded, "kind", "--append", "Be kind.\nAlways.", "--parent", "terse", "--note", "For the angry.")
    recorded.run("variants", "start", "support", "kind", "--why", "Enough was said.")
    told = shown(recorded, "show", "support", "kind")
    for words in ("kind  canary", added["id"], added["parents"][0], "For the angry.", "Enough was said."):
        assert words in told
    as_json = recorded.json("variants", "show", "support", added["id"][:12])
    assert [decision["text"] for decision in as_json["decisions"]] == ["Enough was said."]
    assert as_json["changes"] == added["changes"]


def test_base_is_said_to_change_nothing(recorded: Recorded) -> None:
    assert "It changes nothing" in shown(recorded, "show", "support", "base")


def test_the_tree_draws_each_variant_beneath_what_it_came_of(recorded: Recorded) -> None:
    add(recorded, "kind", "--append", "Be kind.")
    add(recorded, "kinder", "--parent", "kind", "--append", "Say thanks.")
    ledger = ledger_of(recorded)
    parents = [variant.id for variant in ledger.variants("support") if variant.name in ("terse", "kinder")]
    ledger.add_variant(a_variant("merged", parents=parents))
    ledger.close()
    assert shown(recorded, "tree", "support") == textwrap.dedent("""\
        support
        ├── base  live
        ├── terse  live  1 line · temperature 0
        │   └── merged  draft  1 line  also of kinder
        └── kind  candidate  1 line
            └── kinder  candidate  2 lines
        """)
    assert recorded.json("variants", "tree", "support")["parents"]["merged"] == ["terse", "kinder"]


def test_a_tree_of_variants_that_came_of_each_other_ends(recorded: Recorded) -> None:
    ledger = ledger_of(recorded)
    one, two = a_variant("one"), a_variant("two")
    ledger.add_variant(msgspec.structs.replace(one, parents=(two.id,)))
    ledger.add_variant(msgspec.structs.replace(two, parents=(one.id, "support:gone")))
    ledger.close()
    drawn = shown(recorded, "tree", "support")
    assert drawn.count("one  draft") == drawn.count("two  draft") == 1


def test_a_difference_is_told_line_by_line(recorded: Recorded) -> None:
    options = (
        "--model",
        "smart",
        "--temperature",
        "0",
        "--tool",
        "look=Twice.",
        "--set",
        "tool_outcomes.enabled=false",
    )
    add(recorded, "kind", "--append", "Be kind.", "--append", "Answer in one sentence.", *options)
    assert shown(recorded, "diff", "support", "terse", "kind") == textwrap.dedent("""\
        --- terse
        +++ kind
         instructions:
        +  Be kind.
           Answer in one sentence.
        +model: smart
        +tools.look: Twice.
        +steps.tool_outcomes.enabled: false
        """)
    assert shown(recorded, "diff", "support", "kind", "base").splitlines()[2:6] == [
        " instructions:",
        "-  Be kind.",
        "-  Answer in one sentence.",
        "-model: smart",
    ]


def test_a_difference_as_json_has_the_values_before_and_after(recorded: Recorded) -> None:
    add(recorded, "warm", "--parent", "terse", "--temperature", "1", "--append", "Be warm.")
    assert recorded.json("variants", "diff", "support", "terse", "warm") == {
        "a": "terse",
        "b": "warm",
        "instructions": [
            {"line": "Answer in one sentence.", "became": "kept"},
            {"line": "Be warm.", "became": "added"},
        ],
        "fields": {"sampling.temperature": {"before": 0, "after": 1}},
    }


def test_no_difference_is_said_to_be_none(recorded: Recorded) -> None:
    assert shown(recorded, "diff", "support", "terse", "terse") == "terse and terse change the same\n"


def test_words_of_a_variant_cannot_command_the_terminal(recorded: Recorded) -> None:
    evil = "\x1b[2J[bold]\u202e"
    ledger = ledger_of(recorded)
    changes = Changes(instructions=(Bullet(text=evil),), tools={evil: evil}, model=evil)
    ledger.add_variant(a_variant("evil", changes=changes, note=evil, origin=evil))
    ledger.add_decision(a_decision(1, subject="evil", text=evil, actor=evil, evidence={evil: evil}))
    ledger.close()
    commands = [["show", "support", "evil"], ["support"], ["tree", "support"], ["diff", "support", "base", "evil"]]
    for command in (*commands, ["log", "support"], ["log", "support", a_decision(1).id]):
        told = shown(recorded, *command)
        assert "\x1b" not in told
        assert "\u202e" not in told
