"""Requests are looked at text by text, and long ones let other calls have a turn."""

import asyncio

import pytest

from burnish.testing import exchange, request, run, says
from middleware.exchange import Exchange
from middleware.reply import Reply
from tests.middleware.guardrails.steps import KEY, SECRET, guardrails, told


@pytest.mark.parametrize(("length", "had_a_turn"), [(100, False), (40_000, True)])
async def test_other_calls_have_a_turn_between_long_texts(length: int, had_a_turn: bool) -> None:
    async def turn() -> None: ...

    other = asyncio.ensure_future(turn())
    done: list[bool] = []

    async def model(asked: Exchange) -> Reply:
        done.append(other.done())
        return await says("ok")(asked)

    messages = [{"role": "user", "content": f"{letter} " * (length // 2)} for letter in "ab"]
    await run(guardrails(rules={"keys": KEY}), model=model, given=exchange(request(*messages)))
    await other
    assert done == [had_a_turn]


async def test_evidence_of_one_thing_hides_what_stands_beside_it() -> None:
    rules = {"keys": KEY, "codes": {"patterns": ["code-[0-9]{4}"], "replacement": "***"}}
    text = f"{'so ' * 30}{SECRET} code-1234 {'on ' * 30}{SECRET}"
    seen = await told(guardrails(rules=rules), says("ok"), text)
    assert seen.fact is not None
    assert [evidence.count("•••") for evidence in seen.fact.evidence] == [2, 2]
    assert not any(SECRET in evidence or "1234" in evidence for evidence in seen.fact.evidence)
    assert all(evidence.startswith("…") and evidence.endswith("…") for evidence in seen.fact.evidence)
