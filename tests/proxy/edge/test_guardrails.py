"""Guardrails as a client meets them: nothing gets past, whichever way it asks, and what breaks no rule is untouched."""

import json
import re
from typing import Any

import pytest

from tests.policies.guardrails.planted import planted
from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import NATIVE, OVER_CHAT, Way
from tests.support.proxy import KEY, Proxy
from tests.support.upstream import Upstream, calls, says, tool

EVERY_WAY = pytest.mark.parametrize("way", dict.fromkeys((*NATIVE, *OVER_CHAT)), ids=str)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
TOKEN = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
REFUSAL = "Not here."


def guarded(**settings: Any) -> dict[str, Any]:
    written = {
        "input": ["secrets"],
        "output": ["secrets"],
        "classifier": {"enabled": False},
        "refusal": REFUSAL,
        **settings,
    }
    return {"middleware": [{"guardrails": written}], "allow_bypass": True}


def cut(text: str, size: int) -> list[str]:
    return [text[place : place + size] for place in range(0, len(text), size)]


@EVERY_WAY
@STREAMS
async def test_no_secret_of_an_answer_reaches_the_client(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent=guarded())
    line.reply(says(*cut(f"use {TOKEN} for it", 7)))
    answer = await line.ask(stream=stream)
    assert TOKEN[8:].encode() not in answer.body
    assert way.client.told(answer).text == "use [secret: github token] for it"
    (run,) = await line.proxy.recorded()
    assert TOKEN not in str(run)
    (fact,) = run.facts("guard_verdicts")
    assert fact.attributes["rules"] == ["secrets.github_token"]


@EVERY_WAY
@STREAMS
async def test_no_secret_of_a_tool_call_reaches_the_client(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent=guarded())
    line.reply(calls(tool("save", what=f"é {TOKEN}", pieces=9)))
    answer = await line.ask(stream=stream, tools=["save"])
    assert TOKEN[8:].encode() not in answer.body
    (call,) = way.client.told(answer).calls
    assert call[2] == {"what": "é [secret: github token]"}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
async def test_no_planted_secret_leaks_from_a_stream_in_pieces_of(upstream: Upstream, start: Start, size: int) -> None:
    proxy = await start(agent=guarded())
    for plant in planted():
        upstream.reply(says(*cut(f"鍵は {plant.text} です 👍", size)))
        answer = await proxy.chat("hello", stream=True)
        assert plant.secret not in answer.text
        assert answer.text.startswith("鍵は ")
        upstream.reply(calls(tool("save", what=plant.text, pieces=max(2, len(plant.text) // size))))
        answer = await proxy.chat("hello", stream=True)
        arguments = "".join(
            call["function"].get("arguments", "")
            for event in answer.events
            for choice in event["choices"]
            for call in choice["delta"].get("tool_calls", ())
        )
        assert plant.secret not in json.loads(arguments)["what"]


@EVERY_WAY
@STREAMS
async def test_a_blocked_answer_ends_in_good_order(upstream: Upstream, start: Start, way: Way, stream: bool) -> None:
    agent = guarded(rules={"secrets": {"action": "block"}})
    line = await way.open(start, upstream, agent=agent)
    line.reply(says(*cut(f"use {TOKEN} for it", 5)))
    answer = await line.ask(stream=stream)
    assert answer.status == 200
    assert TOKEN[8:].encode() not in answer.body
    told = way.client.told(answer)
    assert told.text.endswith(REFUSAL)
    assert told.finish_reason == "content_filter"


@EVERY_WAY
@STREAMS
async def test_a_blocked_request_is_refused_before_the_provider(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream, agent=guarded(rules={"secrets": {"action": "block"}}))
    answer = await line.ask(f"my token is {TOKEN}", stream=stream)
    assert upstream.requests == []
    told = way.client.told(answer)
    assert (told.text, told.finish_reason) == (REFUSAL, "content_filter")


@EVERY_WAY
@STREAMS
async def test_shadow_changes_no_byte(upstream: Upstream, start: Start, way: Way, stream: bool) -> None:
    said = says(*cut(f"use {TOKEN} for it", 5))
    answers = []
    for agent in ({}, guarded(mode="shadow", rules={"secrets": {"action": "block"}})):
        line = await way.open(start, upstream, agent=agent)
        line.reply(said)
        answers.append(await line.ask(f"my token is {TOKEN}", stream=stream))
    plain, shadowed = answers
    assert steady(shadowed.body) == steady(plain.body)
    assert steady(upstream.requests[0].body) == steady(upstream.requests[1].body)
    (run,) = [run for run in await line.proxy.recorded() if any(run.facts("guard_verdicts"))]
    (fact,) = run.facts("guard_verdicts")
    assert (fact.attributes["verdict"], set(fact.attributes["modes"])) == ("allow", {"shadow"})


@EVERY_WAY
@STREAMS
async def test_an_answer_in_which_nothing_is_found_keeps_its_bytes(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    said = says("The token ghp", " is not one: ghp", "_short", ", sk", "-", "y, and eyes.").thinking("Let me", " look!")
    answers = []
    for agent in ({}, guarded()):
        line = await way.open(start, upstream, agent=agent)
        line.reply(said)
        answers.append(await line.ask(stream=stream))
    assert steady(answers[0].body) == steady(answers[1].body)


@pytest.mark.parametrize("credential", ["authorization", "x-api-key"])
@pytest.mark.parametrize("form", ["text", "parts"])
@pytest.mark.parametrize("choices", [1, 3])
@STREAMS
async def test_no_way_of_asking_goes_around_it(
    upstream: Upstream, start: Start, credential: str, form: str, choices: int, stream: bool
) -> None:
    proxy = await start(agent=guarded())
    upstream.always(says(*cut(f"use {TOKEN}", 6)))
    content: Any = f"mine is {TOKEN}"
    if form == "parts":
        content = [{"type": "text", "text": content[:20]}, {"type": "text", "text": content[20:]}]
    asked = {"model": "small", "messages": [{"role": "user", "content": content}], "stream": stream, "n": choices}
    key = {credential: f"Bearer {KEY}" if credential == "authorization" else KEY}
    answer = await proxy.post(asked, headers=key)
    assert answer.status == 200
    assert TOKEN[8:].encode() not in answer.body
    assert TOKEN[8:].encode() not in upstream.requests[0].body


async def test_a_call_cannot_ask_to_go_without_it(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=guarded())
    answer = await proxy.post(
        {"model": "small", "messages": [{"role": "user", "content": "hi"}]}, headers={"x-burnish-bypass": "guardrails"}
    )
    assert answer.status == 403


@STREAMS
async def test_text_completions_are_guarded(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(agent=guarded())
    upstream.always(says(*cut(f"use {TOKEN} for it", 6)))
    asked = {"model": "small", "prompt": f"mine is {TOKEN}", "stream": stream}
    answer = await proxy.post(asked, path="/v1/completions")
    assert answer.status == 200
    assert TOKEN[8:].encode() not in answer.body
    assert TOKEN[8:].encode() not in upstream.requests[0].body


async def test_embeddings_are_guarded_on_their_way_up(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent=guarded())
    answer = await proxy.post({"model": "small", "input": ["wax", f"mine is {TOKEN}"]}, path="/v1/embeddings")
    assert answer.status == 200
    assert TOKEN[8:].encode() not in upstream.requests[0].body
    refusing = await start(agent=guarded(rules={"secrets": {"action": "block"}}))
    answer = await refusing.post({"model": "small", "input": f"mine is {TOKEN}"}, path="/v1/embeddings")
    assert answer.status == 403
    assert answer.error["code"] == "call_refused"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("path", ["files", "audio/speech", "responses/resp_1", "images/generations"])
async def test_routes_that_nobody_can_read_are_closed_unless_the_owner_opens_them(
    upstream: Upstream, start: Start, path: str
) -> None:
    proxy = await start(agent=guarded())
    answer = await proxy.post({}, path=f"/v1/{path}")
    assert answer.status == 403
    assert "other_routes: allow" in answer.error["message"]
    assert upstream.requests == []
    opened = await start(agent=guarded(other_routes="allow"))
    await opened.post({}, path=f"/v1/{path}")
    assert len(upstream.requests) == 1


async def judged(start: Start, on_error: str) -> Proxy:
    """Before a judge whose server was there when the proxy started, and is gone."""
    async with Upstream() as judge:
        agent = guarded(
            judge={"model": "judge", "timeout": 5, "on_error": on_error},
            rules={"advice": {"judge": "Is it advice?", "action": "block"}},
        )
        return await start(
            agent=agent,
            providers={"judging": {"base_url": judge.base_url}},
            models={"judge": {"provider": "judging", "model": "j", "retries": {"max": 0}}},
        )


@STREAMS
async def test_a_checker_that_was_killed_blocks_where_it_fails_closed(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    proxy = await judged(start, "closed")
    answer = await proxy.chat("hello", stream=stream)
    assert upstream.requests == []
    assert answer.text == REFUSAL


async def test_a_checker_that_was_killed_passes_and_is_counted_where_it_fails_open(
    upstream: Upstream, start: Start
) -> None:
    proxy = await judged(start, "open")
    upstream.reply(says("ok"))
    assert (await proxy.chat("hello")).text == "ok"
    metrics = (await proxy.get("/metrics")).body.decode()
    assert 'burnish_guardrail_failures_total{agent="support",checker="judge"} 1.0' in metrics


def steady(body: bytes) -> bytes:
    """Without what differs from call to call: ids and times that the scripted provider makes up."""
    return re.sub(rb'"(id|item_id|created|created_at|request_id)":\s*("[^"]*"|[\d.]+)', rb"", body)
