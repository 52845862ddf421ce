"""Random answers told in one API, converted, and read in another."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hypothesis import strategies as st

from proxy.wire import sse
from proxy.wire.convert.answer import StreamConverter, convert_answer
from proxy.wire.convert.pieces import Api
from tests.proxy.wire.convert import as_chat, as_messages, as_responses
from tests.proxy.wire.convert.random_answers import Answer, Part, Thought


@dataclass(frozen=True)
class Speech:
    """How an API tells an answer."""

    whole: Callable[[Answer], bytes]
    stream: Callable[[st.DrawFn, Answer], list[bytes]]
    join: Callable[[Sequence[bytes]], bytes]
    read: Callable[[bytes], Answer]
    asked: bytes


SPEECH: Final[dict[Api, Speech]] = {
    "chat": Speech(
        as_chat.whole,
        as_chat.stream,
        as_chat.join,
        as_chat.read,
        b'{"model":"any","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
    ),
    "responses": Speech(
        as_responses.whole, as_responses.stream, as_responses.join, as_responses.read, b'{"model":"any","input":"Hi"}'
    ),
    "messages": Speech(
        as_messages.whole, as_messages.stream, as_messages.join, as_messages.read, b'{"model":"any","messages":[]}'
    ),
}


def converted(body: bytes, source: Api, target: Api, asked: bytes | None = None) -> bytes:
    asked = SPEECH[target].asked if asked is None else asked
    return convert_answer(body, source, target, asked=asked, id="0f", created=1)


def streamed(events: Sequence[bytes], source: Api, target: Api, asked: bytes | None = None) -> list[bytes]:
    asked = SPEECH[target].asked if asked is None else asked
    converter = StreamConverter(source, target, asked=asked, id="0f", created=1)
    return [*(told for event in events for told in converter.feed(event)), *converter.end()]


@st.composite
def streams(draw: st.DrawFn, api: Api, answer: Answer) -> list[bytes]:
    """Any stream in which that API tells the answer."""
    return SPEECH[api].stream(draw, answer)


@st.composite
def received(draw: st.DrawFn, events: Sequence[bytes]) -> list[bytes]:
    """The events as they are read from bytes that were cut anywhere."""
    sent = b"".join(sse.event(event) for event in events)
    reader = sse.EventReader()
    places = sorted(draw(st.sets(st.integers(0, len(sent)), max_size=8)))
    return [
        event
        for start, end in zip([0, *places], [*places, len(sent)], strict=True)
        for event in reader.feed(sent[start:end])
    ]


def unmarked(answer: Answer) -> Answer:
    """With seals as they were before they were marked as another provider's."""
    return replace(answer, parts=tuple(map(_unmarked, answer.parts)))


def _unmarked(part: Part) -> Part:
    return Thought(part.text, part.seal.rpartition(":")[2]) if isinstance(part, Thought) else part


def documents(events: Sequence[bytes]) -> list[dict[str, Any]]:
    return [json.loads(event) for event in events]
