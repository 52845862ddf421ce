"""Whose call it is, which conversation it belongs to, and what kind of call. Checklist items 35, 37."""

import json
from typing import Any

import pytest

from proxy.config.keys import hash_key
from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, KEY, Proxy
from tests.support.upstream import CUT, Upstream, calls, error, says, tool

TITLES = {"role": "system", "content": "Make a title of at most five words."}
MATCHERS = [
    {"system_contains": "Make a title"},
    {"model": "small", "max_tokens_at_most": 10},
]


async def turn(proxy: Proxy, *messages: Any, **how: Any) -> str:
    """How the last call was recorded."""
    before = proxy.worker.recorded
    assert (await proxy.chat(*messages, **how)).status == 200
    return (await proxy.recorded(before + 1))[-1].turn


async def test_item_35_calls_are_the_agents_own_turns_unless_said_otherwise(proxy: Proxy) -> None:
    assert await turn(proxy, TITLES, "hello", max_tokens=5) == "main"


@pytest.mark.parametrize("value", ["aux", "main"])
async def test_item_35_a_header_says_which(start: Start, value: str) -> None:
    proxy = await start(agent={"auxiliary": MATCHERS})
    assert await turn(proxy, TITLES, "hello", headers={"x-burnish-turn": value}) == value


@pytest.mark.parametrize(
    ("messages", "fields", "expected"),
    [
        ([TITLES, "hello"], {}, "aux"),
        ([{"role": "developer", "content": [{"type": "text", "text": TITLES["content"]}]}, "hello"], {}, "aux"),
        ([TITLES["content"]], {}, "main"),
        (["hello"], {"max_tokens": 10}, "aux"),
        (["hello"], {"max_completion_tokens": 9}, "aux"),
        (["hello"], {"max_tokens": 11}, "main"),
        (["hello"], {"max_tokens": 5, "model": "other"}, "main"),
        (["hello"], {}, "main"),
    ],
)
async def test_item_35_so_do_matchers_in_the_configuration(
    start: Start, messages: list[Any], fields: dict[str, Any], expected: str
) -> None:
    proxy = await start(agent={"auxiliary": MATCHERS})
    assert await turn(proxy, *messages, **fields) == expected


async def test_item_35_any_other_turn_is_refused(upstream: Upstream, proxy: Proxy) -> None:
    answer = await proxy.chat(headers={"x-burnish-turn": "other"})
    assert (answer.status, answer.error["param"]) == (400, "x-burnish-turn")
    assert upstream.requests == []


async def test_item_37_a_call_that_is_sent_again_is_a_run_of_its_own_in_the_same_session(
    upstream: Upstream, proxy: Proxy
) -> None:
    upstream.reply(says("Hello."))
    await proxy.chat("hi")
    again: list[Any] = ["hi", {"role": "assistant", "content": "Hello."}, "go on"]
    upstream.reply(error(503), says("half", CUT), says("Yes."))
    statuses = [(await proxy.chat(*again, stream=number == 1)).status for number in range(3)]
    assert statuses == [503, 200, 200]
    opened, *tried = await proxy.recorded(4)
    assert {run.session for run in tried} == {opened.session}
    assert len({run.id for run in tried}) == 3
    assert [run.outcome for run in tried] == ["error", "error", "ok"]


async def test_item_37_the_results_of_a_retried_call_point_at_the_one_run_that_asked(
    upstream: Upstream, start: Start
) -> None:
    """What is told of a tool counts by run and call id, so a retry does not make two of it."""
    proxy = await start(agent={"middleware": ["tool_outcomes"]})
    upstream.reply(calls(tool("weather", id="call_a")), error(500), says("Sunny."))
    asked = await proxy.chat("hi")
    message = asked.json()["choices"][0]["message"]
    history = ["hi", message, {"role": "tool", "tool_call_id": "call_a", "content": "sunny"}]
    for _ in range(2):
        await proxy.chat(*history)
    runs = await proxy.recorded(3)
    assert {(event.asked_by, event.call_id) for run in runs for event in run.tools} == {(asked.run_id, "call_a")}
    assert len({run.session for run in runs}) == 1


OTHER = "bn-another-key"


def two_agents() -> dict[str, Any]:
    def agent(key: str, tenant: str) -> dict[str, Any]:
        return {"keys": [hash_key(key)], "tenant": tenant, "models": {"default": "small"}}

    return {"agents": {AGENT: agent(KEY, "acme"), "other": agent(OTHER, "umbrella")}}


async def test_the_key_names_the_agent_and_its_tenant(start: Start) -> None:
    proxy = await start(**two_agents())
    await proxy.chat()
    await proxy.chat(headers={"authorization": f"Bearer {OTHER}"})
    assert [(run.agent, run.tenant) for run in await proxy.recorded(2)] == [(AGENT, "acme"), ("other", "umbrella")]


async def test_a_path_names_the_agent_only_to_its_own_key(upstream: Upstream, start: Start) -> None:
    proxy = await start(**two_agents())
    statuses = [
        (
            await proxy.chat(path=f"/agents/{name}/v1/chat/completions", headers={"authorization": f"Bearer {key}"})
        ).status
        for name in (AGENT, "other", "nobody")
        for key in (KEY, OTHER)
    ]
    assert statuses == [200, 403, 403, 200, 403, 403]
    assert len(upstream.requests) == 2


async def test_a_key_that_is_taken_out_of_the_configuration_is_refused(start: Start) -> None:
    proxy = await start(**two_agents())
    config = proxy.worker.snapshot.config
    changed = config.model_dump()
    changed["agents"]["other"]["keys"] = []
    proxy.worker.use(type(config).model_validate(changed))
    answer = await proxy.chat(headers={"authorization": f"Bearer {OTHER}"})
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert (await proxy.chat()).status == 200


@pytest.mark.parametrize(
    "named",
    [
        {"safety_identifier": "ada@example.org"},
        {"user": "ada@example.org"},
        {"metadata": {"user_id": "ada@example.org"}},
        {"safety_identifier": "ada@example.org", "user": "somebody"},
    ],
)
async def test_a_user_is_known_by_a_pseudonym_and_goes_up_as_the_agent_said(
    upstream: Upstream, start: Start, named: dict[str, Any]
) -> None:
    proxy = await start(agent={"content": "none"})
    await proxy.chat(**named)
    await proxy.chat(user="ada@example.org")
    await proxy.chat(user="bob@example.org")
    first, ada, bob = await proxy.recorded(3)
    assert first.user == ada.user != bob.user
    assert first.user is not None
    assert "example" not in str((first, ada, bob))
    assert {key: upstream.requests[0].json()[key] for key in named} == named


@pytest.mark.parametrize("named", [{}, {"user": ""}, {"user": None}, {"metadata": {"user_id": 7}}, {"metadata": None}])
async def test_a_call_that_names_nobody_has_no_user(proxy: Proxy, named: dict[str, Any]) -> None:
    assert (await proxy.chat(**named)).status == 200
    (run,) = await proxy.recorded()
    assert run.user is None


async def test_the_session_of_a_call_is_recorded_with_how_it_was_found(upstream: Upstream, proxy: Proxy) -> None:
    upstream.always(says("Hello."))
    await proxy.chat("hi", headers={"x-burnish-session": "mine"})
    await proxy.chat("hi", headers={"session-id": "theirs"})
    await proxy.chat("hi")
    await proxy.chat("hi", {"role": "assistant", "content": "Hello."}, "go on")
    named, vendor, opened, joined = await proxy.recorded(4)
    assert (named.session, named.session_source) == ("mine", "header")
    assert (vendor.session, vendor.session_source) == ("theirs", "vendor")
    assert (opened.session, opened.session_source) == (opened.id, "derived")
    assert (joined.session, joined.session_source) == (opened.id, "derived")


async def test_streamed_and_whole_turns_are_one_conversation(upstream: Upstream, proxy: Proxy) -> None:
    history: list[Any] = []
    for number in range(4):
        history.append(f"question {number}")
        upstream.reply(says(f"answer {number} ", "in two pieces"))
        answer = await proxy.chat(*history, stream=number % 2 == 0)
        history.append({"role": "assistant", "content": answer.text})
    assert len({run.session for run in await proxy.recorded(4)}) == 1


async def test_users_that_say_the_same_have_sessions_of_their_own(upstream: Upstream, proxy: Proxy) -> None:
    upstream.always(says("Hello."))
    for user in ("ada", "bob"):
        await proxy.chat("hi", user=user)
    for user in ("bob", "ada"):
        await proxy.chat("hi", {"role": "assistant", "content": "Hello."}, "go on", user=user)
    ada, bob, bob_again, ada_again = await proxy.recorded(4)
    assert ada.session == ada_again.session
    assert bob.session == bob_again.session
    assert ada.session != bob.session


async def test_the_answer_names_run_and_variant_and_no_more_of_us(proxy: Proxy) -> None:
    answer = await proxy.chat()
    ours = sorted(name.lower() for name in answer.headers if name.lower().startswith("x-burnish"))
    assert ours == ["x-burnish-run-id", "x-burnish-variant"]
    assert "burnish" not in json.dumps(answer.json())
    assert "server" not in answer.headers
