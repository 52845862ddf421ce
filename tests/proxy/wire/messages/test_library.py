"""What Burnish writes is what Anthropic's own library reads: its types take it, and its streams add up to ours."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse
from hypothesis import given
from pydantic import TypeAdapter

from middleware.reply import settled
from proxy.errors import ApiError
from proxy.wire.messages import MessagesChunk, MessagesCompletion, MessagesFormat, MessagesRequest
from tests.proxy.wire.messages.conversations import DOCUMENTED, messages, streams

FORMAT = MessagesFormat()
REQUEST = MessagesRequest.read(b'{"model": "m", "messages": []}')
WRITER = FORMAT.writer(REQUEST)
EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)


class Library:
    """Anthropic's client, which is given `answer` whatever it asks."""

    def __init__(self) -> None:
        self.answer = httpx2.Response(500)
        transport = httpx2.Client(transport=httpx2.MockTransport(lambda request: self.answer))
        self.anthropic = Anthropic(api_key="k", base_url="http://proxy", max_retries=0, http_client=transport)
        self.question: Any = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}

    def ask(self, answer: httpx2.Response) -> Any:
        self.answer = answer
        return self.anthropic.messages.create(**self.question)

    def put_together(self, events: Sequence[bytes]) -> Any:
        """The message that it makes of a stream."""
        self.answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=b"".join(events))
        with self.anthropic.messages.stream(**self.question) as stream:
            return stream.get_final_message().to_dict(exclude_none=True)


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    library = Library()
    with library.anthropic:
        yield library


def read(message: Any) -> Any:
    """A message as the library reads it. Raises for what is not of its types."""
    return Message.model_validate(message).to_dict(exclude_none=True)


@given(messages(DOCUMENTED))
def test_a_whole_answer_streams_to_the_librarys_own_message(library: Library, whole: dict[str, Any]) -> None:
    written = WRITER.whole(MessagesCompletion(json.dumps(whole).encode()))
    for event in written:
        EVENT.validate_json(event.split(b"\ndata: ")[1])
    assert library.put_together(written) == read(whole)


@given(streams(DOCUMENTED))
def test_an_edited_stream_is_the_message_that_is_kept_of_it(
    library: Library, stream: tuple[dict[str, Any], list[bytes]]
) -> None:
    _, events = stream
    edited = [chunk.with_text(chunk.text + "!") for chunk in map(FORMAT.read_chunk, events)]
    given_out = settled(edited)
    kept = json.loads(MessagesChunk.join(given_out).body)
    assert library.put_together([WRITER.event(chunk) for chunk in given_out]) == read(kept)


@pytest.mark.parametrize("finish_reason", ["stop", "length", "content_filter", "tool_calls"])
def test_an_answer_of_our_own_is_a_message(library: Library, finish_reason: str) -> None:
    answer = REQUEST.answer("No.", finish_reason)
    assert library.put_together(WRITER.whole(answer)) == read(json.loads(answer.body))


def test_pings_are_passed_over(library: Library) -> None:
    first, *rest = WRITER.whole(REQUEST.answer("Hi"))
    assert library.put_together([first, FORMAT.ping, *rest])["content"] == [{"type": "text", "text": "Hi"}]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 503, 504, 529])
def test_an_error_is_the_librarys_own(library: Library, status: int) -> None:
    error = ApiError(status, "model: is missing", param="model", code="missing_field")
    document = FORMAT.error(error, "run")
    ErrorResponse.model_validate_json(document)
    with pytest.raises(APIStatusError) as raised:
        library.ask(httpx2.Response(status, headers={"request-id": "run"}, content=document))
    assert raised.value.api_message == "model: is missing"
    assert raised.value.type == json.loads(document)["error"]["type"]
    assert raised.value.error_code == "missing_field"
    assert raised.value.request_id == "run"


def test_an_error_in_a_stream_is_raised(library: Library) -> None:
    first, *_ = WRITER.whole(REQUEST.answer("Hi"))
    with pytest.raises(APIStatusError) as raised:
        library.put_together([first, WRITER.error(ApiError(503, "over"), "run", None)])
    assert raised.value.type == "overloaded_error"
