"""The load generator against the mock provider, and against answers that are wrong."""

import json
from itertools import islice

import pytest

from benchmarks.apis import APIS, CHAT, Api
from benchmarks.apis.chat import ANSWER_BYTES, EVENTS, TEXT
from benchmarks.apis.said import ARGUMENTS, CALL_ID, QUESTION, STREAMED, TOOL, WORD
from benchmarks.http1 import Connection, Route, chunk, message
from benchmarks.load import WrongAnswers, closed_loop, fixed_rate
from benchmarks.traffic import Target, streams, whole_calls
from benchmarks.upstream import Upstream
from proxy.wire.formats import FORMATS
from proxy.wire.sse import DONE, EventReader
from tests.benchmarks.serving import serving

IN_EVERY_API = pytest.mark.parametrize("api", APIS.values(), ids=APIS)


def messages(request: bytes) -> list[dict[str, object]]:
    said: list[dict[str, object]] = json.loads(request.partition(b"\r\n\r\n")[2])["messages"]
    return said


async def test_a_closed_loop_makes_as_many_calls_as_it_was_told() -> None:
    upstream = Upstream()
    async with serving(upstream) as target:
        tally = await closed_loop(whole_calls(target, 0), 4, calls=10)
    assert tally.checked("ten calls").calls == upstream.calls == 10


async def test_a_fixed_rate_sends_what_the_rate_asks_for() -> None:
    async with serving(Upstream()) as target:
        tally = await fixed_rate(whole_calls(target, 0), rate=200, seconds=0.1)
    assert tally.checked("rate").calls == 20


@IN_EVERY_API
async def test_both_calls_of_a_turn_are_answered(api: Api) -> None:
    async with serving(Upstream()) as target:
        tally = await closed_loop(whole_calls(target, 0, api=api), 1, calls=2)
    assert tally.checked("a turn").calls == 2


@IN_EVERY_API
@pytest.mark.parametrize("model", ["bench", "paced-1ms"])
async def test_every_event_of_a_stream_is_counted_however_it_is_cut(api: Api, model: str) -> None:
    async with serving(Upstream()) as target:
        tally = await closed_loop(streams(target, 0, model, api), 2, calls=4)
    assert tally.checked("streams").all_events == 4 * len(api.events)
    assert len(tally.first_chunks) == 4


@IN_EVERY_API
def test_the_provider_speaks_the_api_as_its_clients_know_it(api: Api) -> None:
    format = FORMATS[api.name]
    question, follow_up = (format.read_request(json.dumps({"model": "m", **ask}).encode()) for ask in api.asks)
    called, answered = (format.read_whole(body) for body in (api.calls_tool, api.says))
    completion = type(called).join([called])
    assert [(call.id, call.name, json.loads(call.arguments)) for call in completion.calls] == [
        (CALL_ID, TOOL, json.loads(ARGUMENTS))
    ]
    assert (question.question, [result.call_id for result in follow_up.results]) == (QUESTION, [CALL_ID])
    assert type(answered).join([answered]).text == TEXT


@IN_EVERY_API
def test_a_stream_says_what_it_is_checked_for(api: Api) -> None:
    format = FORMATS[api.name]
    data = [data for data in EventReader().feed(b"".join(api.events)) if data != DONE]
    chunks = [format.read_chunk(each) for each in data]
    completion = type(chunks[0]).join(chunks)
    assert completion.text == STREAMED
    assert list(completion.finish_reasons)
    assert b"".join(api.events).count(WORD.encode()) == api.words


def test_answers_have_the_size_that_is_promised() -> None:
    assert {len(CHAT.says), len(CHAT.calls_tool)} == {ANSWER_BYTES}
    assert (len(CHAT.events), len(CHAT.events_with_usage)) == (EVENTS, EVENTS + 1)


def test_no_question_is_asked_twice_and_every_turn_has_a_follow_up() -> None:
    requests = islice(whole_calls(Target(1), 7).requests, 4)
    question, follow_up, next_question, next_follow_up = (messages(request) for request in requests)
    assert question != next_question
    assert follow_up[:2] == question
    assert next_follow_up[:2] == next_question
    assert follow_up[-1]["role"] == "tool"


def refuse(connection: Connection, method: bytes, target: bytes, body: bytes) -> None:
    connection.write(message("429 Too Many Requests", "application/json", b'{"error":{}}'))


def shorten(connection: Connection, method: bytes, target: bytes, body: bytes) -> None:
    connection.write(Upstream.head + chunk(b'data: {"content":"burnish"}\n\n') + b"0\r\n\r\n")


def break_off(connection: Connection, method: bytes, target: bytes, body: bytes) -> None:
    connection.write(Upstream.head + chunk(b"data: "))
    connection.transport.close()


@pytest.mark.parametrize(
    ("route", "reason"), [(refuse, "status 429"), (shorten, "1 words instead of 100"), (break_off, "connection broke")]
)
async def test_a_wrong_answer_ends_the_load_and_says_what_was_wrong(route: Route, reason: str) -> None:
    async with serving(route) as target:
        tally = await closed_loop(streams(target, 0), 1, seconds=5)
    with pytest.raises(WrongAnswers, match=reason):
        tally.checked("a bad provider")
