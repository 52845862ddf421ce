"""Self-critique through the proxy: the client gets the better version, and the record has both, with what they cost."""

import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.upstream import Upstream, says

PRICED = {"small": {"provider": "local", "model": "small-instruct", "price": {"input": 1.0, "output": 2.0}}}
SCHEMA = {"type": "object", "required": ["city"]}
GOOD, BAD = '{"city": "Rome"}', "In project kestrel the city is Rome."


def critical(**settings: Any) -> dict[str, Any]:
    """An agent whose answers have to fit a schema. Chance spares one answer in a million."""
    return {"middleware": [{"self_critique": {"verifiers": [{"json_schema": SCHEMA}], "holdout": 1e-6, **settings}}]}


async def test_the_client_gets_the_revision_and_the_run_has_both_and_their_cost(
    start: Start, upstream: Upstream
) -> None:
    upstream.reply(says(BAD), says(GOOD))
    proxy = await start(agent=critical(), models=PRICED)
    answer = await proxy.chat("Which city?")
    assert answer.text == GOOD
    (run,) = await proxy.recorded()
    (fact,) = run.facts("critiqued")
    assert fact.attributes["accepted"] is True
    assert fact.attributes["original"] == BAD
    (aside,) = run.asides
    assert aside.step == "self_critique"
    assert fact.attributes["cost_usd"] == aside.cost_usd
    assert run.usage is not None
    assert aside.usage is not None
    assert fact.attributes["tokens"] == aside.usage.input + aside.usage.output
    own = (run.usage.input * 1.0 + run.usage.output * 2.0) / 1e6
    assert run.cost_usd == pytest.approx(own + (aside.cost_usd or 0))
    # The revision was asked for under the schema, and is no part of what the run says went upstream.
    asked, again = (request.json() for request in upstream.requests)
    assert "response_format" not in asked
    assert again["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "kestrel" not in (run.sent or "")


async def test_a_streaming_client_that_is_buffered_gets_the_revision_as_a_stream(
    start: Start, upstream: Upstream
) -> None:
    upstream.reply(says("In project ", "kestrel"), says(GOOD))
    proxy = await start(agent=critical(streaming="buffer"))
    answer = await proxy.chat("Which city?", stream=True)
    assert answer.text == GOOD
    assert answer.data[-1] == b"[DONE]"


@pytest.mark.parametrize(
    ("content", "original"), [("full", BAD.replace("kestrel", "[redacted]")), ("none", None)], ids=["full", "none"]
)
async def test_both_versions_are_kept_as_content_is(
    start: Start, upstream: Upstream, content: str, original: str | None
) -> None:
    upstream.reply(says(BAD), says(GOOD))
    proxy = await start(agent={**critical(), "content": content}, telemetry={"redact": ["kestrel"]})
    await proxy.chat("Which city?")
    (run,) = await proxy.recorded()
    (fact,) = run.facts("critiqued")
    assert fact.attributes["original"] == original
    assert bool(fact.attributes["critique"]) is (content == "full")
    assert "kestrel" not in json.dumps(fact.attributes)
