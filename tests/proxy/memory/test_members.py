"""Who has a memory: as the configuration says, and as the variants say that are served beside it."""

from collections.abc import Callable
from typing import Any

import pytest

from proxy.memory.members import remembering_agents
from records.decision import Decision
from records.run import JsonValue
from records.variant import Changes, State, Variant, variant_id
from tests.proxy.memory.process import REMEMBERS, Background
from tests.proxy.memory.remembering import AGENT, SETTINGS
from tests.support.runs import NOON

Made = Callable[..., Background]
OFF = {"retrieval": {**REMEMBERS["middleware"][0]["retrieval"], "enabled": False}}  # type: ignore[index]
LEARNS: dict[str, Any] = {**REMEMBERS, "middleware": [{"variant_routing": {"policy": "thompson"}}, OFF]}


def recalling(state: State = "canary", **sampling: JsonValue) -> Variant:
    changes = Changes(steps={"retrieval": {"enabled": True}}, sampling=sampling)
    return Variant(
        id=variant_id(AGENT, changes),
        tenant="default",
        agent=AGENT,
        name="recalling",
        changes=changes,
        state=state,
        created_ns=NOON,
    )


def move(process: Background, state: State) -> None:
    decision = Decision(
        id=state,
        tenant="default",
        agent=AGENT,
        kind="state",
        subject="recalling",
        text="A person moves it.",
        actor="ada",
        created_ns=NOON,
    )
    process.ledger.move_variant(recalling().id, state, decision)


def test_a_learned_variant_that_is_shown_answers_gives_its_agent_a_memory(background: Made) -> None:
    process = background(agents={AGENT: LEARNS})
    process.play()
    process.run(4)
    before = (process.found, process.remembering.shares_answers)
    process.ledger.add_variant(recalling())
    process.run(10)
    assert before == ([], False)
    assert (process.found, process.remembering.shares_answers) == ([SETTINGS], True)


def test_its_memory_goes_from_the_index_with_the_variant_and_comes_back_with_it(background: Made) -> None:
    process = background(agents={AGENT: LEARNS})
    process.play()
    process.ledger.add_variant(recalling())
    process.run(4)
    assert process.found == [SETTINGS]
    move(process, "retired")
    process.run(10)
    assert (process.found, process.remembering.shares_answers) == ([], False)
    move(process, "live")
    process.run(16)
    assert process.found == [SETTINGS]


@pytest.mark.parametrize(
    ("variant", "changes"),
    [
        (recalling("candidate"), {}),
        (recalling(temperature=99), {}),
        (recalling(), {"middleware": [{"variant_routing": {"policy": "thompson"}}]}),
        (recalling(), {"middleware": [{"variant_routing": {"policy": "fixed"}}, OFF]}),
        (recalling(), {"record": "none"}),
    ],
    ids=["gets no traffic", "cannot be served", "has no such step", "is not chosen", "is not recorded"],
)
def test_one_that_no_call_is_shown_answers_by_gives_none(
    background: Made, variant: Variant, changes: dict[str, Any]
) -> None:
    process = background(agents={AGENT: {**LEARNS, **changes}})
    process.ledger.add_variant(variant)
    process.play()
    process.run(6)
    assert (process.found, process.shelves.opened) == ([], 0)


def test_an_agent_that_has_a_memory_by_its_variant_loses_nothing_when_the_process_starts(background: Made) -> None:
    first = background(agents={AGENT: LEARNS})
    first.play()
    first.ledger.add_variant(recalling())
    first.run(4)
    second = background(agents={AGENT: LEARNS})
    second.shelves.answers = first.shelves.answers
    second.run(0.5)
    assert second.found == [SETTINGS]


@pytest.mark.parametrize(
    ("agent", "records", "shared"),
    [
        (REMEMBERS, {}, True),
        (REMEMBERS, {"chroma": "http://127.0.0.1:9"}, False),
        ({**REMEMBERS, "middleware": [OFF]}, {}, False),
        ({**REMEMBERS, "middleware": []}, {}, False),
    ],
    ids=["shown answers", "of a server", "with the step off", "without the step"],
)
def test_the_answers_have_a_process_only_where_an_agent_is_shown_any_and_no_server_has_them(
    background: Made, agent: dict[str, Any], records: dict[str, Any], shared: bool
) -> None:
    process = background(agents={AGENT: agent}, **records)
    assert process.remembering.shares_answers is shared
    assert bool(list(remembering_agents(process.config))) is (agent is REMEMBERS)
