"""What guardrails take out of a call is in nothing that is kept of it and read again."""

import json
from typing import Any

from tests.proxy.edge.conftest import Start
from tests.proxy.edge.test_guardrails import TOKEN, guarded
from tests.proxy.edge.ways import Way
from tests.support.speaking import CHAT, RESPONSES
from tests.support.upstream import Upstream, says

OVER_CHAT = Way(RESPONSES, CHAT)


async def test_a_conversation_that_burnish_keeps_is_kept_as_the_model_was_told_it(
    upstream: Upstream, start: Start
) -> None:
    line = await OVER_CHAT.open(start, upstream, agent=guarded())
    line.reply(says("noted"), says("and then?"))
    first = await line.ask(f"mine is {TOKEN}", store=True)
    assert TOKEN.encode() not in upstream.requests[0].body
    id = first.json()["id"]
    listed = await line.proxy.get(f"/v1/responses/{id}/input_items")
    assert TOKEN.encode() not in listed.body
    await line.ask("go on", previous_response_id=id)
    assert b"mine is" in upstream.requests[1].body
    assert TOKEN.encode() not in upstream.requests[1].body


async def test_the_version_of_an_answer_that_nobody_saw_is_kept_masked(upstream: Upstream, start: Start) -> None:
    agent: dict[str, Any] = guarded(rules={"names": {"patterns": ["KST-[0-9]{4}"], "replacement": "***"}})
    agent["middleware"].append({"self_critique": {"verifiers": [{"regex": "^ok"}], "holdout": 1e-9}})
    proxy = await start(agent=agent)
    upstream.reply(says("it is KST-1234"), says("ok, it is KST-1234"))
    answer = await proxy.chat("hello")
    assert answer.text == "ok, it is ***"
    (run,) = await proxy.recorded()
    (fact,) = run.facts("critiqued")
    assert fact.attributes["original"] == "it is ***"
    assert "KST-1234" not in json.dumps([fact.attributes for fact in run.facts()])
