"""The scripted provider keeps responses and conversations, and knows what is not its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.asking import Session
from tests.support.asking_responses import ASKED, whole
from tests.support.upstream import CONVERSATIONS, RESPONSES, Gate, Upstream, calls, says, tool

SEALED: dict[str, Any] = {"store": False, "include": ["reasoning.encrypted_content"]}


async def get(client: Session, path: str) -> Any:
    async with client.get(path) as response:
        return await response.json()


async def post(client: Session, path: str, document: Any = None) -> Any:
    async with client.post(path, json=document) as response:
        return await response.json()


@asynccontextmanager
async def another() -> AsyncIterator[Session]:
    """A client of another upstream of the same kind."""
    async with Upstream() as upstream, Session(upstream.url) as client:
        yield client


async def test_a_response_is_stored_until_it_is_deleted(client: Session) -> None:
    made = await whole(client)
    path = f"{RESPONSES}/{made['id']}"
    assert await get(client, path) == made
    async with client.delete(path) as response:
        assert await response.json() == {"id": made["id"], "object": "response", "deleted": True}
    assert "not found" in (await get(client, path))["error"]["message"]


async def test_a_response_that_is_not_to_be_stored_is_gone(client: Session) -> None:
    made = await whole(client, store=False)
    async with client.get(f"{RESPONSES}/{made['id']}") as response:
        assert response.status == 404
    refused = await whole(client, previous_response_id=made["id"])
    assert refused["error"]["code"] == "previous_response_not_found"


async def test_a_stored_response_is_streamed_again_from_any_event_on(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a", "b"), to=RESPONSES)
    async with client.post(RESPONSES, json={**ASKED, "stream": True}) as response:
        first = await response.text()
    (name,) = (part.split('"')[0] for part in first.split('"response": {"id": "')[1:2])
    async with client.get(f"{RESPONSES}/{name}?stream=true") as response:
        assert await response.text() == first
    async with client.get(f"{RESPONSES}/{name}?stream=true&starting_after=4") as response:
        assert await response.text() == "".join(f"{event}\n\n" for event in first.split("\n\n")[5:-1])


async def test_a_previous_response_stands_for_its_input_and_its_output(upstream: Upstream, client: Session) -> None:
    upstream.reply(calls(tool("weather", city="Paris")), to=RESPONSES)
    first = await whole(client, input="Is it sunny?")
    result = {"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": "quite sunny"}
    second = await whole(client, input=[result], previous_response_id=first["id"])
    assert second["output"][0]["content"][0]["text"] == "weather said: quite sunny"
    assert second["usage"]["input_tokens"] == 5
    listed = await get(client, f"{RESPONSES}/{second['id']}/input_items?order=asc&limit=2")
    assert [item["type"] for item in listed["data"]] == ["message", "function_call"]
    assert listed["has_more"]
    rest = await get(client, f"{RESPONSES}/{second['id']}/input_items?order=asc&after={listed['last_id']}")
    assert [item["output"] for item in rest["data"]] == ["quite sunny"]


async def test_a_result_of_a_call_that_nobody_made_is_refused(client: Session) -> None:
    orphan = {"type": "function_call_output", "call_id": "call_x", "output": "sunny"}
    assert "No tool call found" in (await whole(client, input=[orphan]))["error"]["message"]


async def test_another_upstream_does_not_know_a_response_of_this_one(client: Session) -> None:
    made = await whole(client)
    async with another() as elsewhere:
        await whole(elsewhere)
        refused = await whole(elsewhere, previous_response_id=made["id"])
    assert (refused["error"]["code"], refused["error"]["param"]) == (
        "previous_response_not_found",
        "previous_response_id",
    )


async def test_sealed_reasoning_is_taken_by_the_upstream_that_sealed_it_and_no_other(client: Session) -> None:
    reasoning, message = (await whole(client, **SEALED))["output"]
    asked = [{"role": "user", "content": "Hi."}, reasoning, message, {"role": "user", "content": "And now?"}]
    assert (await whole(client, input=asked, **SEALED))["status"] == "completed"
    async with another() as elsewhere:
        await whole(elsewhere, **SEALED)
        assert (await whole(elsewhere, input=asked))["error"]["code"] == "invalid_encrypted_content"
    bare = {key: value for key, value in reasoning.items() if key != "encrypted_content"}
    refused = await whole(client, input=[*asked[:1], bare, *asked[2:]])
    assert "not persisted" in refused["error"]["message"]


async def test_a_reference_stands_for_a_stored_item(client: Session) -> None:
    made = await whole(client)
    reference = {"type": "item_reference", "id": made["output"][0]["id"]}
    assert (await whole(client, input=[reference]))["status"] == "completed"
    assert (await whole(client, input=[{**reference, "id": "msg_x"}]))["error"]["param"] == "input"


async def test_a_response_in_the_background_is_queued_and_finished_when_looked_for(client: Session) -> None:
    queued = await whole(client, background=True)
    assert (queued["status"], queued["output"]) == ("queued", [])
    found = await get(client, f"{RESPONSES}/{queued['id']}")
    assert (found["status"], found["output"][0]["content"][0]["text"]) == ("completed", "You said: How are you?")


async def test_a_gate_keeps_a_response_in_the_background_at_work(upstream: Upstream, client: Session) -> None:
    gate = Gate()
    upstream.reply(says("a", gate, "b"), to=RESPONSES)
    path = f"{RESPONSES}/{(await whole(client, background=True))['id']}"
    assert [(await get(client, path))["status"] for _ in range(2)] == ["in_progress", "in_progress"]
    async with client.get(f"{path}?stream=true") as response:
        seen = b""
        while b'"delta": "a"' not in seen:
            seen += await response.content.readany()
        gate.open()
        assert b'"delta": "b"' in await response.read()
    assert (await get(client, path))["status"] == "completed"


async def test_a_response_in_the_background_is_cancelled_unless_it_is_finished(client: Session) -> None:
    cancelled, finished = [(await whole(client, background=True))["id"] for _ in range(2)]
    assert (await post(client, f"{RESPONSES}/{cancelled}/cancel"))["status"] == "cancelled"
    assert (await get(client, f"{RESPONSES}/{cancelled}"))["status"] == "cancelled"
    await get(client, f"{RESPONSES}/{finished}")
    assert (await post(client, f"{RESPONSES}/{finished}/cancel"))["status"] == "completed"
    waited_for = (await whole(client))["id"]
    assert "synchronous" in (await post(client, f"{RESPONSES}/{waited_for}/cancel"))["error"]["message"]
    assert (await whole(client, background=True, store=False))["error"]["param"] == "background"


async def test_a_conversation_grows_by_what_is_asked_and_answered(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("one"), says("two"), to=RESPONSES)
    made = await post(client, CONVERSATIONS, {"metadata": {"a": "b"}})
    assert made["metadata"] == {"a": "b"}
    for text, conversation in (("first", made["id"]), ("second", {"id": made["id"]})):
        answer = await whole(client, input=text, conversation=conversation)
        assert answer["conversation"] == {"id": made["id"]}
    listed = await get(client, f"{CONVERSATIONS}/{made['id']}/items?order=asc")
    assert [item["content"][0]["text"] for item in listed["data"]] == ["first", "one", "second", "two"]
    assert answer["usage"]["input_tokens"] == 3
    both = await whole(client, conversation=made["id"], previous_response_id=answer["id"])
    assert both["error"]["code"] == "mutually_exclusive_parameters"
    async with client.delete(f"{CONVERSATIONS}/{made['id']}") as response:
        assert (await response.json())["deleted"]
    assert (await whole(client, conversation=made["id"]))["error"]["param"] == "conversation"


async def test_compaction_leaves_what_the_user_said_and_an_item_only_this_upstream_reads(client: Session) -> None:
    said = [{"role": "user", "content": "Launch on Tuesday."}, {"role": "assistant", "content": "Understood."}]
    compacted = await post(client, f"{RESPONSES}/compact", {"model": "m", "input": said})
    assert (compacted["object"], [item["type"] for item in compacted["output"]]) == (
        "response.compaction",
        ["message", "compaction"],
    )
    going_on = [*compacted["output"], {"role": "user", "content": "When?"}]
    assert (await whole(client, input=going_on))["status"] == "completed"
    async with another() as elsewhere:
        assert (await whole(elsewhere, input=going_on))["error"]["code"] == "invalid_encrypted_content"
    assert (await post(client, f"{RESPONSES}/compact", {"input": said}))["error"]["param"] == "model"


async def test_input_tokens_are_those_that_a_response_is_charged_for(client: Session) -> None:
    asked = {"model": "m", "instructions": "Be brief.", "input": "How are you?"}
    counted = await post(client, f"{RESPONSES}/input_tokens", asked)
    assert counted == {"object": "response.input_tokens", "input_tokens": 5}
    assert (await whole(client, **asked))["usage"]["input_tokens"] == 5
