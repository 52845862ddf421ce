"""With past answers shown, all that a client says and is told is as without, but for one message more. Items 27, 28."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import pytest

from middleware.retrieval import Retrieval, RetrievalSettings
from middleware.services import Services
from policies.retrieval.quoting import INTRODUCTION
from stores.answers import Answer, Found
from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import NATIVE, WAYS, Line, Way
from tests.support.speaking import events_of
from tests.support.upstream import Completion, Gate, Upstream, calls, says, tool
from tests.support.wire import connected

EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=str)
EVERY_API = pytest.mark.parametrize("way", NATIVE, ids=str)
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

SCHEMA: Final = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PARAMETERS: Final = {"type": "object", "properties": {"city": {"type": "string"}}}
PNG: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
URL: Final = f"data:image/png;base64,{PNG}"


class Remembers(Retrieval):
    """The step with a memory of its own, and nothing left to chance."""

    class Settings(RetrievalSettings):
        holdout: float = 0.0
        drop: float = 0.0

    def __init__(self, settings: RetrievalSettings, services: Services) -> None:
        super().__init__(settings, dataclasses.replace(services, recall=Memory()))


class Memory:
    async def nearest(self, question: str, limit: int) -> Sequence[Found]:
        answer = Answer(id="1f" * 16, question="Which?", text="That one.", origin="run", trust="human", low=0.9)
        return [Found(answer, 0.9, np.ones(1, dtype=np.float32))]


CHAT: Final[dict[str, dict[str, Any]]] = {
    "text": {"messages": [{"role": "user", "content": "Which?"}]},
    "developer": {
        "messages": [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Which?"}],
    },
    "parts and images": {
        "messages": [
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "content": "Yes?"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Which is "},
                    {"type": "image_url", "image_url": {"url": URL}},
                    {"type": "text", "text": "this?"},
                ],
            },
        ],
    },
    "json_schema": {
        "messages": [{"role": "user", "content": "Which?"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "c", "strict": True, "schema": SCHEMA}},
    },
    "tools": {
        "messages": [{"role": "user", "content": "Which?"}],
        "tools": [
            {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": PARAMETERS}}
        ],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
    },
}
RESPONSES: Final[dict[str, dict[str, Any]]] = {
    "text": {"input": [{"role": "user", "content": "Which?"}]},
    "developer": {
        "instructions": "Be brief.",
        "input": [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Which?"}],
    },
    "parts and images": {
        "input": [
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "content": "Yes?"},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Which is "},
                    {"type": "input_image", "image_url": URL, "detail": "auto"},
                    {"type": "input_text", "text": "this?"},
                ],
            },
        ],
    },
    "json_schema": {
        "input": [{"role": "user", "content": "Which?"}],
        "text": {"format": {"type": "json_schema", "name": "c", "strict": True, "schema": SCHEMA}},
    },
    "tools": {
        "input": [{"role": "user", "content": "Which?"}],
        "tools": [{"type": "function", "name": "look", "description": "Looks.", "parameters": PARAMETERS}],
        "tool_choice": {"type": "function", "name": "look"},
    },
}
MESSAGES: Final[dict[str, dict[str, Any]]] = {
    "text": {"messages": [{"role": "user", "content": "Which?"}]},
    "developer": {
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "Which?"}],
    },
    "parts and images": {
        "messages": [
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "content": "Yes?"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Which is "},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                    {"type": "text", "text": "this?"},
                ],
            },
        ],
    },
    "json_schema": {
        "messages": [{"role": "user", "content": "Which?"}],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    },
    "tools": {
        "messages": [{"role": "user", "content": "Which?"}],
        "tools": [{"name": "look", "description": "Looks.", "input_schema": PARAMETERS}],
        "tool_choice": {"type": "tool", "name": "look"},
    },
}
WRITTEN: Final = {
    "chat": CHAT,
    "responses": RESPONSES,
    "messages": {k: {"max_tokens": 99, **v} for k, v in MESSAGES.items()},
}
SHAPES = pytest.mark.parametrize("shape", list(CHAT))
AGENT: Final = {"middleware": [{"remembers": {}}], "allow_bypass": True}
WITHOUT: Final = {"x-burnish-bypass": "remembers"}


def answered(shape: str) -> Completion:
    answer = calls(tool("look", id="call_1", city="Paris")) if shape == "tools" else says('{"city": ', '"Paris"}')
    return answer.costing(7, 3)


async def opened(way: Way, start: Start, upstream: Upstream) -> Line:
    return await way.open(start, upstream, agent=AGENT, steps={"remembers": Remembers})


def said(document: Mapping[str, Any]) -> list[Any]:
    """What a provider is told, piece by piece, each with its role: however pieces are put together into messages."""
    found: list[Any] = []
    for message in document.get("messages") or document["input"]:
        content = message.get("content")
        if isinstance(content, str):
            found.append((message["role"], content))
        elif content is None:
            found.append(message)
        else:
            found += [(message["role"], part["text"] if set(part) == {"type", "text"} else part) for part in content]
    return found


def fields(body: bytes) -> dict[str, bytes]:
    return {name: bytes(value) for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()}


def messages(body: bytes) -> list[bytes]:
    """The messages of a document, byte for byte."""
    written = fields(body)
    several = msgspec.json.decode(written.get("messages") or written["input"], type=list[msgspec.Raw])
    return [bytes(each) for each in several]


@EVERY_WAY
@STREAMS
@SHAPES
async def test_items_27_and_28_a_request_goes_up_as_without_but_for_one_message(
    upstream: Upstream, start: Start, way: Way, shape: str, stream: bool
) -> None:
    line = await opened(way, start, upstream)
    document = {"model": "small", "stream": stream, **WRITTEN[way.client.name][shape]}
    line.reply(answered(shape), answered(shape))
    without = await line.proxy.post(document, path=way.client.path, headers=WITHOUT)
    with_it = await line.proxy.post(document, path=way.client.path)
    assert (without.status, with_it.status) == (200, 200), (without.body, with_it.body)
    told, told_with = way.client.told(without), way.client.told(with_it)
    assert told == told_with
    assert told.calls == ((("call_1", "look", {"city": "Paris"}),) if shape == "tools" else ())
    if stream:
        assert [event.get("type") for event in events_of(without)] == [
            event.get("type") for event in events_of(with_it)
        ]
    sent, sent_with = (request.json() for request in upstream.requests)
    *before, (role, added) = said(sent_with)
    assert before == said(sent)
    assert (role, added.split("\n")[0]) == ("user", INTRODUCTION)
    place = "input" if way.provider.name == "responses" else "messages"
    assert {**sent_with, place: None} == {**sent, place: None}


@EVERY_API
@STREAMS
@SHAPES
async def test_items_27_and_28_without_a_conversion_all_else_keeps_its_bytes(
    upstream: Upstream, start: Start, way: Way, shape: str, stream: bool
) -> None:
    line = await opened(way, start, upstream)
    document = {"model": "small", **WRITTEN[way.client.name][shape], "stream": stream, "x_unknown": [1, {"b": 1}]}
    # As no library of ours would write it.
    body = json.dumps(document, indent=1, separators=(" ,", " : ")).encode()
    line.reply(answered(shape), answered(shape))
    await line.proxy.post(body, path=way.client.path, headers=WITHOUT)
    await line.proxy.post(body, path=way.client.path)
    sent, sent_with = (request.body for request in upstream.requests)
    place = "input" if way.client.name == "responses" else "messages"
    own = fields(body)
    for name, value in fields(sent_with).items():
        assert name in (place, "model", "stream_options") or value == own[name]
    *before, added = messages(sent_with)
    assert before == messages(sent) == messages(body)
    assert INTRODUCTION in json.loads(added)["content"]


@EVERY_WAY
@STREAMS
async def test_calls_of_a_session_begin_with_the_same_bytes(
    upstream: Upstream, start: Start, way: Way, stream: bool
) -> None:
    line = await opened(way, start, upstream)
    line.reply(says("one"), says("two"), says("three"))
    history: list[Any] = [{"role": "system", "content": "Be kind."}, "Which?"]
    for answer in ("one", "two", "three"):
        assert (await line.told(*history, stream=stream)).text == answer
        history += [{"role": "assistant", "content": answer}, f"And after {answer}?"]
    sent = [said(request.json()) for request in upstream.requests]
    for earlier, later in pairwise(sent):
        own = earlier[:-1]
        assert json.dumps(later[: len(own)]).encode() == json.dumps(own).encode()
        assert earlier[-1] not in later[:-1]
    if not way.converts:
        raw = [messages(request.body)[:-1] for request in upstream.requests]
        for before, after in pairwise(raw):
            assert after[: len(before)] == before
    first, *others = await line.proxy.recorded(3)
    assert {run.session for run in others} == {first.session}


@EVERY_API
async def test_the_first_event_leaves_before_the_model_is_done(upstream: Upstream, start: Start, way: Way) -> None:
    line = await opened(way, start, upstream)
    gate = Gate()
    line.reply(says("early", gate, "late"))
    async with connected(line.proxy.port) as wire:
        wire.ask(way.client.asking("Which?", stream=True), target=way.client.path)
        await wire.head()
        while b"early" not in await wire.frame():
            pass
        gate.open()
        rest = b"".join(await wire.frames())
    assert b"late" in rest


@EVERY_API
async def test_what_was_shown_is_on_record_with_the_run(upstream: Upstream, start: Start, way: Way) -> None:
    line = await opened(way, start, upstream)
    await line.told("Which?")
    (run,) = await line.proxy.recorded()
    (shown,) = run.facts("answers_shown")
    assert shown.attributes["ids"] == ["1f" * 16]
    assert (shown.attributes["shown"], shown.attributes["model"]) == ([True], "small")
    assert INTRODUCTION not in (run.request or "")
    assert INTRODUCTION in (run.sent or "")


@EVERY_API
async def test_calls_that_are_not_the_agents_own_turn_go_up_as_they_came(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await opened(way, start, upstream)
    await line.ask("Which?", headers={"x-burnish-turn": "aux"})
    assert way.client.asked(upstream.requests[0].json()) == ["Which?"]
