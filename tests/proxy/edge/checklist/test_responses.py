"""`/v1/responses`, before a provider that speaks it and before those that do not. Checklist items 16–21."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from proxy.config.keys import hash_key
from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import Way, to
from tests.support.proxy import KEY, Proxy
from tests.support.speaking import RESPONSES, events_of
from tests.support.upstream import CUT, Gate, Upstream, calls, document, error, says, tool, web_search

EVERY_WAY = pytest.mark.parametrize("way", to(RESPONSES), ids=str)
CONVERTED = pytest.mark.parametrize("way", [way for way in to(RESPONSES) if way.converts], ids=str)
NATIVE = Way(RESPONSES, RESPONSES)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
PATH = RESPONSES.path


def types(events: Sequence[Any]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


@EVERY_WAY
async def test_item_16_a_text_comes_in_the_full_sequence_of_events(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream)
    line.reply(says("Hel", "lo"))
    events = events_of(await line.ask(stream=True))
    assert types(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["delta"] for event in events if event["type"].endswith("text.delta")] == ["Hel", "lo"]
    assert events[6]["text"] == "Hello"


@EVERY_WAY
async def test_item_16_tool_calls_come_in_the_full_sequence_of_events(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(calls(tool("weather", id="call_a", city="Paris"), tool("time", id="call_b", zone="CET")))
    events = events_of(await line.ask(tools=["weather", "time"], stream=True))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for place, (id, name, arguments) in enumerate(
        [("call_a", "weather", {"city": "Paris"}), ("call_b", "time", {"zone": "CET"})]
    ):
        own = [event for event in events if event.get("output_index") == place]
        deltas = ["function_call_arguments.delta"] * (len(own) - 3)
        assert types(own) == ["output_item.added", *deltas, "function_call_arguments.done", "output_item.done"]
        item = own[-1]["item"]
        assert (item["call_id"], item["name"], json.loads(item["arguments"])) == (id, name, arguments)
        assert "".join(event["delta"] for event in own if event["type"].endswith(".delta")) == item["arguments"]
        assert {event.get("item_id") or event["item"]["id"] for event in own} == {item["id"]}


@EVERY_WAY
async def test_item_16_each_event_has_its_name_and_leaves_in_one_write(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("a"))
    answer = await line.ask(stream=True)
    for block in answer.blocks:
        name, data = block.split(b"\n")
        assert name == b"event: " + json.loads(data.removeprefix(b"data: "))["type"].encode()


@EVERY_WAY
async def test_item_17_the_last_event_carries_id_model_output_and_usage(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("Hello").costing(7, 3, cached=2))
    events = events_of(await line.ask(stream=True, instructions="Be kind.", temperature=0.5))
    response = events[-1]["response"]
    assert (response["status"], response["model"], response["object"]) == ("completed", "small-instruct", "response")
    assert response["id"] == events[0]["response"]["id"]
    assert response["output"][0]["content"][0]["text"] == "Hello"
    usage = response["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (7, 3, 10)
    assert usage["input_tokens_details"]["cached_tokens"] == 2
    assert (response["instructions"], response["temperature"]) == ("Be kind.", 0.5)


@EVERY_WAY
@STREAMS
async def test_item_17_an_answer_that_was_cut_short_is_incomplete_and_says_why(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("Once upon").ending_with("length"))
    response = RESPONSES.document(await line.ask(stream=stream))
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    (run,) = await line.proxy.recorded()
    assert run.finish_reasons == ("length",)


async def two_upstreams(start: Start, one: Upstream, two: Upstream, **agent: Any) -> Proxy:
    """An agent whose calls are each drawn anew between two variants, which two providers serve."""
    for upstream in (one, two):
        upstream.apis = {"responses"}
    return await start(
        providers={
            "local": {"base_url": one.base_url, "apis": ["responses"]},
            "other": {"base_url": two.base_url, "apis": ["responses"]},
        },
        models={
            "small": {"provider": "local", "model": "small-instruct", "retries": {"max": 0}},
            "large": {"provider": "other", "model": "large-instruct", "retries": {"max": 0}},
        },
        agent={
            "models": {"default": "small"},
            "variants": {"base": {}, "moved": {"model": "large"}},
            "middleware": [{"variant_routing": {"policy": {"weighted": {"base": 1, "moved": 1}}, "sticky": "call"}}],
            **agent,
        },
    )


TURNS = range(20)
"""So many that a draw at each of them would not go unseen."""


@STREAMS
async def test_item_19_previous_response_id_stays_with_upstream_and_variant(
    upstream: Upstream, start: Start, stream: bool
) -> None:
    async with Upstream() as other:
        proxy = await two_upstreams(start, upstream, other)
        for _ in TURNS:
            first = await proxy.post({"model": "small", "input": "a", "stream": stream}, path=PATH)
            id = RESPONSES.document(first)["id"]
            asked = {"model": "small", "input": "b", "previous_response_id": id, "stream": stream}
            second = await proxy.post(asked, path=PATH)
            # The provider refuses an id that it has not given itself.
            assert second.status == 200, second.body
            assert second.variant == first.variant
        assert upstream.requests
        assert other.requests
        runs = await proxy.recorded(2 * len(TURNS))
    for before, after in zip(runs[::2], runs[1::2], strict=True):
        assert (after.session, after.session_source) == (before.session, "body")
        assert after.assignment is not None
        assert (after.assignment.policy, after.assignment.propensity) == ("bound", 1.0)


@STREAMS
@pytest.mark.parametrize("headers", [{}, {"session-id": "s"}], ids=["derived session", "named session"])
async def test_item_19_encrypted_reasoning_stays_with_upstream_and_variant(
    upstream: Upstream, start: Start, stream: bool, headers: dict[str, str]
) -> None:
    async with Upstream() as other:
        proxy = await two_upstreams(start, upstream, other)
        for each in (upstream, other):
            each.always(says("yes").thinking("Hm."), to=PATH)
        sealed = {"model": "small", "store": False, "include": ["reasoning.encrypted_content"], "stream": stream}
        for turn in TURNS:
            said: list[Any] = [{"role": "user", "content": f"question {turn}"}]
            named = {name: f"{value} {turn}" for name, value in headers.items()}
            first = await proxy.post({**sealed, "input": said}, path=PATH, headers=named)
            said += [*RESPONSES.document(first)["output"], {"role": "user", "content": "and?"}]
            assert any(item.get("encrypted_content") for item in said)
            second = await proxy.post({**sealed, "input": said}, path=PATH, headers=named)
            assert second.status == 200, second.body
            assert second.variant == first.variant
        assert upstream.requests
        assert other.requests


async def test_item_19_what_a_fallback_keeps_is_asked_of_the_fallback(upstream: Upstream, start: Start) -> None:
    async with Upstream(apis={"responses"}) as other:
        upstream.apis = {"responses"}
        proxy = await start(
            providers={
                "local": {"base_url": upstream.base_url, "apis": ["responses"]},
                "other": {"base_url": other.base_url, "apis": ["responses"]},
            },
            models={
                "small": {
                    "provider": "local",
                    "model": "small-instruct",
                    "retries": {"max": 0},
                    "fallbacks": ["large"],
                },
                "large": {"provider": "other", "model": "large-instruct"},
            },
        )
        upstream.reply(error(500), to=PATH)
        first = await proxy.post({"model": "small", "input": "a"}, path=PATH)
        asked = {"model": "small", "input": "b", "previous_response_id": first.json()["id"]}
        assert (await proxy.post(asked, path=PATH)).status == 200
        fetched = await proxy.get(f"{PATH}/{first.json()['id']}")
        assert fetched.json()["id"] == first.json()["id"]
        assert len(upstream.requests) == 1


@CONVERTED
@STREAMS
async def test_item_19_previous_response_id_works_where_the_provider_keeps_nothing(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("one"), says("two"), says("three"))
    first = RESPONSES.document(await line.ask("a", instructions="Be kind.", stream=stream))
    second = RESPONSES.document(await line.ask("b", previous_response_id=first["id"], stream=stream))
    third = RESPONSES.document(await line.ask("c", previous_response_id=second["id"], stream=stream))
    assert third["output"][0]["content"][0]["text"] == "three"
    sent = [(message["role"], _text(message["content"])) for message in upstream.requests[2].json()["messages"]]
    # Instructions hold for one response alone, as the API has it.
    assert sent == [("user", "a"), ("assistant", "one"), ("user", "b"), ("assistant", "two"), ("user", "c")]
    runs = await line.proxy.recorded(3)
    assert len({run.session for run in runs}) == 1


@CONVERTED
async def test_item_19_an_answer_named_by_its_item_works_where_the_provider_keeps_nothing(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("one"), says("two"))
    first = (await line.ask("a")).json()
    named = {"type": "item_reference", "id": first["output"][0]["id"]}
    said = [{"role": "user", "content": "a"}, named, {"role": "user", "content": "b"}]
    answer = await line.proxy.post({"model": "small", "input": said}, path=PATH)
    assert answer.status == 200, answer.body
    assert [_text(message["content"]) for message in upstream.requests[1].json()["messages"]] == ["a", "one", "b"]
    runs = await line.proxy.recorded(2)
    assert runs[0].session == runs[1].session
    unknown = {"type": "item_reference", "id": "msg_unknown"}
    answer = await line.proxy.post({"model": "small", "input": [unknown]}, path=PATH)
    assert answer.status == 400


@CONVERTED
async def test_item_19_an_unknown_previous_response_is_refused_as_the_provider_would(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    answer = await line.ask("b", previous_response_id="resp_unknown")
    assert (answer.status, answer.error["code"]) == (400, "previous_response_not_found")
    assert answer.error["param"] == "previous_response_id"
    assert upstream.requests == []


@EVERY_WAY
async def test_item_20_what_is_stored_can_be_fetched_listed_and_deleted(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("one"))
    given = (await line.ask("a")).json()
    at = f"{PATH}/{given['id']}"
    assert given["store"] is True
    assert (await line.proxy.get(at)).json() == given
    (item,) = (await line.proxy.get(f"{at}/input_items")).json()["data"]
    assert (item["role"], item["status"], item["content"]) == (
        "user",
        "completed",
        [{"type": "input_text", "text": "a"}],
    )
    cancelled = await line.proxy.post(b"", path=f"{at}/cancel")
    assert cancelled.status == 400
    deleted = (await line.proxy.get(at, method="DELETE")).json()
    assert (deleted["id"], deleted["deleted"]) == (given["id"], True)
    assert (await line.proxy.get(at)).status == 404


@EVERY_WAY
@STREAMS
async def test_item_20_store_false_keeps_nothing(upstream: Upstream, start: Start, way: Way, stream: bool) -> None:
    line = await way.open(start, upstream)
    line.reply(says("one"))
    given = RESPONSES.document(await line.ask("a", store=False, stream=stream))
    assert given["store"] is False
    assert (await line.proxy.get(f"{PATH}/{given['id']}")).status == 404
    refused = await line.ask("b", previous_response_id=given["id"])
    assert (refused.status, refused.error["code"]) == (400, "previous_response_not_found")
    assert line.proxy.worker.snapshot.agents["support"].answers.find(given["id"]) is None


@EVERY_WAY
async def test_item_20_what_is_stored_is_the_agents_own(upstream: Upstream, start: Start, way: Way) -> None:

    strangers = {"keys": [hash_key("bn-strangers")], "models": {"default": "small"}}
    own = {"keys": [hash_key(KEY)], "models": {"default": "small"}}
    line = await way.open(start, upstream, agents={"support": own, "strangers": strangers})
    line.reply(says("my secret"))
    given = (await line.ask("a")).json()
    at = f"{PATH}/{given['id']}"
    stranger = {"authorization": "Bearer bn-strangers"}
    for method, path in (("GET", at), ("DELETE", at), ("GET", f"{at}/input_items"), ("POST", f"{at}/cancel")):
        answer = await line.proxy.get(path, method=method, headers=stranger)
        assert answer.status == 404, (method, path)
    refused = await line.ask("b", previous_response_id=given["id"], headers=stranger)
    assert refused.status == 400, refused.body
    assert (await line.proxy.get(at)).status == 200
    assert len(upstream.requests) == (1 if way.converts else 2)


async def test_item_20_a_conversation_that_the_provider_keeps_is_the_agents_own(
    upstream: Upstream, start: Start
) -> None:
    strangers = {"keys": [hash_key("bn-strangers")], "models": {"default": "small"}}
    own = {"keys": [hash_key(KEY)], "models": {"default": "small"}}
    line = await NATIVE.open(start, upstream, agents={"support": own, "strangers": strangers})
    begun = (await line.proxy.post({"items": []}, path="/v1/conversations")).json()["id"]
    stranger = {"authorization": "Bearer bn-strangers"}
    at = f"/v1/conversations/{begun}"
    for method, path in (("GET", at), ("GET", f"{at}/items"), ("DELETE", at)):
        answer = await line.proxy.get(path, method=method, headers=stranger)
        assert answer.status == 404, (method, path)
    refused = await line.ask("b", conversation=begun, headers=stranger)
    assert (refused.status, refused.error["code"]) == (400, "conversation_not_found")
    assert (await line.ask("a", conversation=begun)).status == 200
    assert (await line.proxy.get(at)).status == 200


@EVERY_WAY
async def test_item_20_the_input_items_are_all_that_a_response_was_made_from(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    line.reply(says("one"), says("two"))
    first = (await line.ask("a")).json()
    second = (await line.ask("b", previous_response_id=first["id"])).json()
    at = f"{PATH}/{second['id']}/input_items"
    listed = (await line.proxy.get(f"{at}?order=asc")).json()
    assert [_text(item["content"]) for item in listed["data"]] == ["a", "one", "b"]
    page = (await line.proxy.get(f"{at}?limit=2")).json()
    assert [_text(item["content"]) for item in page["data"]] == ["b", "one"]
    assert page["has_more"] is True
    rest = (await line.proxy.get(f"{at}?after={page['last_id']}")).json()
    assert ([_text(item["content"]) for item in rest["data"]], rest["has_more"]) == (["a"], False)


async def test_item_20_a_response_in_the_background_is_fetched_from_its_provider(
    upstream: Upstream, start: Start
) -> None:
    line = await NATIVE.open(start, upstream)
    line.reply(says("at last"))
    given = (await line.ask("a", background=True)).json()
    assert given["status"] == "queued"
    answers = [(await line.proxy.get(f"{PATH}/{given['id']}")).json() for _ in range(2)]
    assert answers[-1]["status"] == "completed"
    assert answers[-1]["output"][0]["content"][0]["text"] == "at last"


@pytest.mark.parametrize("broken", [False, True], ids=["left by its client", "broken off"])
async def test_item_20_a_stream_that_did_not_end_is_the_agents_own_to_come_back_to(
    upstream: Upstream, start: Start, broken: bool
) -> None:
    strangers = {"keys": [hash_key("bn-strangers")], "models": {"default": "small"}}
    own = {"keys": [hash_key(KEY)], "models": {"default": "small"}}
    line = await NATIVE.open(start, upstream, agents={"support": own, "strangers": strangers})
    line.reply(says("my secret", CUT if broken else Gate()))
    async with line.proxy.open(RESPONSES.asking("a", stream=True), path=PATH) as response:
        begun = json.loads((await response.content.readuntil(b"\n\n")).split(b"data: ")[1])["response"]
        if broken:
            await response.read()
        else:
            response.close()
    (run,) = await line.proxy.recorded()
    assert run.outcome == ("error" if broken else "cancelled")
    at = f"{PATH}/{begun['id']}?stream=true&starting_after=1"
    assert (await line.proxy.get(at, headers={"authorization": "Bearer bn-strangers"})).status == 404
    assert len(upstream.requests) == 1
    upstream.reply(document(begun), to=f"{PATH}/{begun['id']}")
    assert (await line.proxy.get(at)).json() == begun


TOOLS: list[dict[str, Any]] = [
    {"type": "web_search", "user_location": None, "new_field": 1.0},
    {"type": "custom", "name": "patch", "format": {"type": "grammar", "syntax": "lark", "definition": "start: /a/"}},
    {"type": "mcp", "server_label": "x", "server_url": "https://mcp.example/sse", "require_approval": "never"},
    {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"a": {"const": 1.00}}}},
]


@STREAMS
async def test_item_21_tools_of_every_type_pass_untouched(upstream: Upstream, start: Start, stream: bool) -> None:
    line = await NATIVE.open(start, upstream)
    searched = web_search("news")
    line.reply(says("found").with_items(searched))
    body = json.dumps({"model": "small-instruct", "input": "a", "stream": stream, "tools": TOOLS}, indent=1).encode()
    answer = await line.proxy.post(body, path=PATH)
    assert upstream.requests[0].body == body
    assert any(item["type"] == "web_search_call" for item in RESPONSES.document(answer)["output"])


@CONVERTED
async def test_item_21_a_tool_only_the_provider_could_run_is_refused_by_its_name(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    answer = await line.ask("a", tools=[TOOLS[2]])
    assert answer.status == 400, answer.body
    assert "mcp" in answer.error["message"]
    assert answer.error["code"] == "unsupported_by_upstream"
    assert upstream.requests == []


@CONVERTED
@STREAMS
async def test_item_21_a_tool_that_takes_free_text_is_called_with_free_text(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await way.open(start, upstream)
    line.reply(calls(tool("patch", id="call_a", input="*** Begin\n+a")))
    response = RESPONSES.document(await line.ask("a", stream=stream, tools=[TOOLS[1]]))
    (item,) = response["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "patch", "*** Begin\n+a")


@EVERY_WAY
async def test_compaction_is_the_providers_or_refused(upstream: Upstream, start: Start, way: Way) -> None:
    line = await way.open(start, upstream)
    answer = await line.proxy.post({"model": "small", "input": "a long talk"}, path=f"{PATH}/compact")
    if way.converts:
        assert (answer.status, answer.error["code"]) == (404, "unsupported_api")
    else:
        assert answer.status == 200
        assert upstream.requests[0].json()["model"] == "small-instruct"
        (run,) = await line.proxy.recorded()
        assert (run.operation, run.outcome) == ("compact", "ok")


@EVERY_WAY
async def test_input_tokens_are_counted_by_the_provider_or_estimated(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream)
    asked = {"model": "small", "input": "How many tokens are these?"}
    answer = await line.proxy.post(asked, path=f"{PATH}/input_tokens")
    assert answer.json()["object"] == "response.input_tokens"
    assert answer.json()["input_tokens"] > 0
    assert ("x-burnish-estimate" in answer.headers) == way.converts
    assert len(upstream.requests) == (0 if way.converts else 1)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
