"""Every text of a text completion can be seen, replaced and blocked, and its prompt edited."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Channel, Edit
from proxy.wire.completions import CompletionsChunk, CompletionsRequest
from tests.proxy.wire.channels import WORDS, told
from tests.proxy.wire.completions.texts import streams, wholes


@given(streams())
def test_the_pieces_of_a_stream_are_those_of_the_whole_answer(stream: tuple[dict[str, Any], list[bytes]]) -> None:
    answer, events = stream
    texts = {Channel(n, "text"): choice["text"] for n, choice in enumerate(answer["choices"]) if choice["text"]}
    assert told(map(CompletionsChunk, events)) == texts
    assert told([CompletionsChunk(json.dumps(answer).encode(), whole=True)]) == texts


@given(wholes(), st.data())
def test_other_words_change_what_is_said_and_how_likely_it_was(answer: dict[str, Any], data: st.DataObject) -> None:
    before = CompletionsChunk(json.dumps(answer).encode(), whole=True)
    texts = {channel: data.draw(WORDS) for channel, _ in before.pieces}
    after = json.loads(before.with_pieces(texts).data)
    for choice in answer["choices"]:
        text = texts.get(Channel(choice["index"], "text"), choice["text"])
        choice |= {"text": text, "logprobs": choice["logprobs"] if text == choice["text"] else None}
    assert after == answer


@pytest.mark.parametrize("whole", [True, False])
def test_a_blocked_choice_says_the_text_and_was_filtered(whole: bool) -> None:
    choices = [{"index": n, "text": "a", "logprobs": None, "finish_reason": None} for n in range(2)]
    chunk = CompletionsChunk(json.dumps({"id": "1", "choices": choices}).encode(), whole=whole)
    (end,) = chunk.blocked("no", [1])
    said = {"index": 1, "text": "no", "logprobs": None, "finish_reason": "content_filter"}
    assert json.loads(end.data) == {"id": "1", "choices": [*(choices[:1] if whole else []), said]}
    assert end.ends(Channel(1, "text"))


@pytest.mark.parametrize(
    ("prompt", "after"), [("ab", "*b"), (["ab", "cd"], ["*b", "*d"]), ([1, 2], [1, 2]), ([[1], [2]], [[1], [2]])]
)
def test_prompts_that_are_texts_are_edited(prompt: Any, after: Any) -> None:
    request = CompletionsRequest.read(json.dumps({"model": "m", "prompt": prompt}).encode())
    changed = request.rewritten(lambda role, text: [Edit(0, 1, "*")])
    assert json.loads(changed.body)["prompt"] == after
    assert (changed is request) == (prompt == after)
