"""Every tool call is recorded where it is asked for, and every result once, where it arrives, joined by its id."""

from collections.abc import Mapping
from typing import Any

import pytest

from burnish.testing import ScriptedModel, exchange, facts, finish, request, run, says
from middleware.exchange import Previous
from middleware.services import Services
from middleware.tool_outcomes import ToolOutcomes, ToolOutcomesSettings, ToolsAsked
from proxy.wire.convert.pieces import Api
from records import ToolEvent

APIS = pytest.mark.parametrize("api", ["chat", "responses", "messages"])
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def step() -> ToolOutcomes:
    return ToolOutcomes(ToolOutcomesSettings(), Services("a"))


def call(id: str, name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def asked(*calls: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [dict(each) for each in calls]}


def result(id: str, text: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": text}


async def events(
    *messages: Any, previous: Previous | None = None, stream: bool = False, api: Api = "chat"
) -> list[ToolEvent]:
    given = exchange(request(*messages, stream=stream, api=api), previous=previous)
    await finish(await run(step(), given=given))
    return facts(given, ToolEvent)


@STREAMS
@APIS
async def test_request_and_reply_pass_untouched(api: Api, stream: bool) -> None:
    model = says("all ", "is ", "well")
    given = exchange(request("hello", asked(call("1", "f")), result("1", "x"), stream=stream, api=api))
    assert (await finish(await run(step(), model=model, given=given))).text == "all is well"
    assert model.asked[0].request is given.request


@STREAMS
@APIS
async def test_the_calls_of_an_answer_are_facts_of_the_run_that_asked(api: Api, stream: bool) -> None:
    model = ScriptedModel("Let me see.", calls=[call("1", "weather"), call("2", "time")])
    given = exchange(request("hello", stream=stream, api=api))
    await finish(await run(step(), model=model, given=given))
    assert facts(given, ToolsAsked) == [ToolsAsked(("1", "2"), ("weather", "time"))]
    assert facts(given, ToolEvent) == []


@STREAMS
@APIS
async def test_an_answer_without_calls_leaves_no_fact(api: Api, stream: bool) -> None:
    given = exchange(request("hello", stream=stream, api=api))
    await finish(await run(step(), given=given))
    assert facts(given, ToolsAsked) == []
    assert facts(given, ToolEvent) == []


@STREAMS
@APIS
async def test_a_result_is_joined_with_its_call(api: Api, stream: bool) -> None:
    (event,) = await events(
        "hello", asked(call("1", "weather", '{"city": "Paris"}')), result("1", "sunny"), stream=stream, api=api
    )
    assert (event.call_id, event.name, event.arguments, event.result) == ("1", "weather", '{"city": "Paris"}', "sunny")
    assert (event.outcome, event.asked_by, event.started_ns, event.ended_ns) == ("ok", None, 0, 0)


@APIS
async def test_each_result_is_classified(api: Api) -> None:
    said = ["sunny", "Error: timed out", "Error: city is required", "[]", "HTTP 500"]
    calls = asked(*(call(str(number), "weather") for number in range(5)))
    found = await events("hello", calls, *(result(str(number), text) for number, text in enumerate(said)), api=api)
    assert [event.outcome for event in found] == ["ok", "timeout", "caller_error", "empty", "tool_error"]


async def test_the_owner_knows_better_than_the_rules() -> None:
    settings = ToolOutcomesSettings(outcomes={"weather": {"Nothing today": "empty", "Error: none": "ok"}})
    given = exchange(request("hello", asked(call("1", "weather")), result("1", "Error: none, all is well")))
    await finish(await run(ToolOutcomes(settings, Services("a")), given=given))
    assert [event.outcome for event in facts(given, ToolEvent)] == ["ok"]


@APIS
async def test_parallel_results_are_joined_each_with_its_own_call_in_any_order(api: Api) -> None:
    found = await events(
        "hello", asked(call("1", "weather"), call("2", "time")), result("2", "noon"), result("1", "sun"), api=api
    )
    assert [(event.name, event.result) for event in found] == [("time", "noon"), ("weather", "sun")]


@APIS
async def test_results_are_counted_where_they_are_new_not_again_in_each_later_call(api: Api) -> None:
    history = ["hello", asked(call("1", "weather")), result("1", "sun")]
    assert [event.call_id for event in await events(*history, api=api)] == ["1"]
    history += [{"role": "assistant", "content": "It is sunny."}]
    assert await events(*history, api=api) == []
    history += ["And tomorrow?"]
    assert await events(*history, api=api) == []
    history += [asked(call("2", "weather")), result("2", "rain"), "Please hurry."]
    assert [event.call_id for event in await events(*history, api=api)] == ["2"]


async def test_a_result_made_of_parts_is_read_as_its_text() -> None:
    parts = [{"type": "text", "text": "sun"}, {"type": "text", "text": "ny"}]
    (event,) = await events("hello", asked(call("1", "weather")), result("1", parts))
    assert event.result == "sunny"


@APIS
async def test_a_result_whose_call_is_not_in_the_conversation_is_kept(api: Api) -> None:
    (event,) = await events("hello", result("lost", "sun"), api=api)
    assert (event.call_id, event.name, event.arguments, event.result) == ("lost", "unknown", "", "sun")


@APIS
async def test_the_time_of_a_tool_is_inferred_from_the_answer_that_asked_and_the_arrival_of_the_result(
    api: Api,
) -> None:
    before = Previous("run-1", "trace-1", 1_000, ("1",))
    calls = asked(call("1", "f"), call("9", "g"))
    timed, untimed = await events("hello", calls, result("1", "x"), result("9", "y"), previous=before, api=api)
    assert (timed.asked_by, timed.asked_trace, timed.started_ns) == ("run-1", "trace-1", 1_000)
    assert (untimed.asked_by, untimed.started_ns, untimed.ended_ns) == (None, 0, 0)


async def test_arguments_that_are_not_json_are_kept_as_they_are() -> None:
    (event,) = await events("hello", asked(call("1", "f", '{"a": ')), result("1", "x"))
    assert event.arguments == '{"a": '


@pytest.mark.parametrize(
    "odd",
    [
        {"role": "assistant", "content": "x", "tool_calls": "none"},
        {"role": "assistant", "content": "x", "tool_calls": [1, None]},
        {"role": "assistant", "content": "x", "tool_calls": [{"id": None, "type": "custom", "custom": {"name": "c"}}]},
        {"role": "assistant", "tool_calls": None},
        {"role": "function", "name": "f", "content": "old"},
        {"role": "tool", "content": None},
    ],
)
async def test_odd_messages_do_not_stop_it(odd: Any) -> None:
    given = exchange(request("hello", odd, result("1", "x")))
    await finish(await run(step(), given=given))
    assert [event.call_id for event in facts(given, ToolEvent)][-1] == "1"
