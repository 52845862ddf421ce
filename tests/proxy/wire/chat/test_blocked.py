"""An answer that is blocked ends in words that every client shows, and as one that was filtered."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from proxy.wire.chat import ChatChunk, ChatCompletion, ChatCompletionsRequest, ChatFormat
from tests.proxy.wire.answers import completions, streams

FORMAT = ChatFormat()
WRITER = FORMAT.writer(ChatCompletionsRequest.read(b'{"model":"m","messages":[]}'))


def chunk(finish_reason: str | None = None, /, **delta: Any) -> ChatChunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return ChatChunk(json.dumps({**head, "choices": [choice]}).encode())


FIRST = chunk(role="assistant", content="")
CALL = chunk(
    role="assistant",
    tool_calls=[{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "sk-'}}],
)


def put_together(chunks: Sequence[ChatChunk], **asked: Any) -> Any:
    """The answer that OpenAI's library makes of a stream. It raises for a filtered one, once it has read all of it."""
    content = b"".join([*map(WRITER.event, chunks), WRITER.end()])
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content)
    transport = httpx.Client(transport=httpx.MockTransport(lambda request: answer))
    with openai.OpenAI(api_key="k", base_url="http://proxy", max_retries=0, http_client=transport) as client:
        question: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **asked}
        with client.chat.completions.stream(**question) as stream:
            found = [event.snapshot for event in stream if event.type == "chunk"]
            with pytest.raises(openai.ContentFilterFinishReasonError):
                stream.get_final_completion()
            return found[-1]


@given(streams(), st.text(min_size=1), st.data())
def test_a_blocked_stream_ends_all_its_choices_with_the_text(
    stream: tuple[dict[str, Any], list[bytes]], text: str, data: st.DataObject
) -> None:
    chunks = [ChatChunk(event) for event in stream[1]]
    passed = chunks[: data.draw(st.integers(1, len(chunks)))]
    choices = sorted({delta.choice for chunk in passed for delta in chunk.deltas})
    ends = passed[-1].blocked(text, choices)
    answer = ChatChunk.join([*passed, *ends])
    assert [said.endswith(text) for said in answer.texts] == [True] * len(choices)
    assert list(answer.finish_reasons) == ["content_filter"] * len(choices)
    for end in ends:
        ChatCompletionChunk.model_validate({"created": 1, **json.loads(end.data)})


@pytest.mark.parametrize(
    ("passed", "content", "calls"),
    [
        ([], "[withheld]", 0),
        ([FIRST], "[withheld]", 0),
        ([FIRST, chunk(content="So, ")], "So, [withheld]", 0),
        ([FIRST, chunk(content="So, "), chunk(refusal="no")], "So, [withheld]", 0),
        ([CALL], "[withheld]", 1),
    ],
)
def test_the_library_makes_one_filtered_answer_of_it(passed: list[ChatChunk], content: str, calls: int) -> None:
    ends = passed[-1].blocked("[withheld]", [0]) if passed else FIRST.blocked("[withheld]", [0], first=True)
    (choice,) = put_together([*passed, *ends]).choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == (
        "assistant", content, "content_filter",
    )  # fmt: skip
    assert len(choice.message.tool_calls or ()) == calls


class Form(BaseModel):
    name: str


def test_who_asked_for_json_is_told_of_the_filter_and_not_of_bad_json() -> None:
    with pytest.raises(openai.ContentFilterFinishReasonError):
        put_together([chunk(role="assistant", content='{"na'), *FIRST.blocked("[withheld]", [0])], response_format=Form)


def test_a_stream_may_end_without_a_word() -> None:
    (end,) = FIRST.blocked("", [0])
    assert json.loads(end.data)["choices"] == [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]


@given(completions(), st.text(), st.data())
def test_a_whole_answer_says_the_text_alone_where_it_is_blocked(
    answer: dict[str, Any], text: str, data: st.DataObject
) -> None:
    blocked = data.draw(st.sets(st.integers(0, len(answer["choices"]) - 1)))
    (given_out,) = ChatChunk(json.dumps(answer).encode(), whole=True).blocked(text, blocked)
    assert given_out.whole
    after = json.loads(given_out.data)
    message = {"role": "assistant", "content": text, "refusal": None}
    assert after.pop("choices") == [
        {"index": n, "message": message, "logprobs": None, "finish_reason": "content_filter"}
        if n in blocked
        else choice
        for n, choice in enumerate(answer.pop("choices"))
    ]
    assert after == answer
    assert ChatCompletion(given_out.data).id == answer["id"]
