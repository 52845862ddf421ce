"""A response that is blocked ends in words that every client shows, and as one that was filtered."""

import json
from typing import Any

import httpx
import openai
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from middleware.messages import Chunk
from middleware.reply import settled
from proxy.wire.responses import ResponsesChunk, ResponsesFormat, ResponsesRequest
from tests.proxy.wire.responses.answers import responses, streams
from tests.proxy.wire.responses.sequence import Event, said, text_of

Stream = tuple[dict[str, Any], list[bytes]]


def events_of(chunks: list[Chunk]) -> list[Event]:
    return [json.loads(chunk.data) for chunk in chunks if isinstance(chunk, ResponsesChunk)]


@given(streams(), st.text(min_size=1), st.data())
def test_a_blocked_stream_is_complete_and_ends_with_the_text(stream: Stream, text: str, data: st.DataObject) -> None:
    whole, events = stream
    passed = [ResponsesChunk(event) for event in events[: data.draw(st.integers(1, len(events) - 1))]]
    given_out = settled([*passed, *passed[-1].blocked(text, [0])])
    response = said(events_of(given_out))
    assert (response["id"], response["status"]) == (whole["id"], "incomplete")
    assert response["incomplete_details"] == {"reason": "content_filter"}
    assert text_of(response).endswith(text)
    answer = ResponsesChunk.join(given_out)
    assert list(answer.finish_reasons) == ["content_filter"]


def test_a_stream_of_which_nothing_was_passed_on_begins_and_is_filtered() -> None:
    begun = {"id": "r", "object": "response", "status": "in_progress", "output": []}
    first = ResponsesChunk(json.dumps({"type": "response.created", "sequence_number": 0, "response": begun}).encode())
    response = said(events_of(settled(first.blocked("no", [0], first=True))))
    assert (response["id"], text_of(response)) == ("r", "no")
    odd = ResponsesChunk(b'{"type":"keepalive"}')
    assert text_of(said(events_of(settled(odd.blocked("no", [0], first=True))))) == "no"


def test_what_was_counted_stays_where_the_end_had_come_already() -> None:
    begun: Event = {"id": "r", "object": "response", "status": "in_progress", "output": [], "usage": None}
    ended = {**begun, "status": "completed", "usage": {"input_tokens": 1, "output_tokens": 2}}
    passed = [
        ResponsesChunk(json.dumps({"type": f"response.{kind}", "response": response}).encode())
        for kind, response in (("created", begun), ("completed", ended))
    ]
    response = said(
        [
            {"sequence_number": n, **e}
            for n, e in enumerate(events_of(settled([*passed, *passed[-1].blocked("no", [0])])))
        ]
    )
    assert (response["status"], response["usage"]) == ("incomplete", ended["usage"])


@given(streams(), st.data())
def test_openais_library_reads_it_to_its_end(stream: Stream, data: st.DataObject) -> None:
    _, events = stream
    passed = [ResponsesChunk(event) for event in events[: data.draw(st.integers(1, len(events) - 1))]]
    writer = ResponsesFormat().writer(ResponsesRequest.read(b'{"model":"m","input":"hi"}'))
    content = b"".join(writer.event(chunk) for chunk in settled([*passed, *passed[-1].blocked("no", [0])]))
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content)
    transport = httpx.Client(transport=httpx.MockTransport(lambda request: answer))
    with (
        openai.OpenAI(api_key="k", base_url="http://proxy", max_retries=0, http_client=transport) as client,
        client.responses.stream(model="m", input="hi") as read,
    ):
        *_, last = read
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "content_filter"
    assert last.response.output_text.endswith("no")


@given(responses(), st.text())
def test_a_whole_answer_says_the_text_alone(whole: dict[str, Any], text: str) -> None:
    chunk = ResponsesChunk(json.dumps(whole).encode(), whole=True)
    (given_out,) = chunk.blocked(text, [0])
    after = json.loads(given_out.data)
    filtered = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
    assert {**after, "output": 0} == {**whole, **filtered, "output": 0}
    assert [item["type"] for item in after["output"]] == ["message"] * bool(text)
    assert Response.model_construct(**after).id == whole["id"]
    assert text_of(after) == text
    assert chunk.blocked(text, [1]) == (chunk,)
