"""A scripted answer as the Messages API gives it: one message, or its sequence of named events."""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.upstream.answer import Answer, Cut, Step
from tests.support.upstream.anthropic_headers import anthropic_headers
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import error
from tests.support.upstream.messages.checks import refusal
from tests.support.upstream.messages.writing import Writing
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Spoken


def render(spoken: Spoken, request: Received) -> Answer:
    asked = asked_of(request)
    if (refused := refusal(asked.document, request)) is not None:
        return refused
    writing = Writing(spoken, request, asked)
    if asked.streamed:
        headers = (("content-type", "text/event-stream; charset=utf-8"), *anthropic_headers(request))
        return Answer(headers=headers, steps=tuple(writing.events()), streamed=True)
    if (broken := writing.choice.trouble) is not None:
        return error(500, broken.message)(request)
    headers = (("content-type", "application/json"), *anthropic_headers(request))
    return Answer(headers=headers, steps=tuple(_around(writing.choice.happenings, writing.document())))


def _around(happenings: tuple[Step, ...], body: dict[str, Any]) -> Iterator[Step]:
    written = json.dumps(body, ensure_ascii=False).encode()
    half = len(written) // 2 if any(isinstance(step, Cut) for step in happenings) else 0
    yield written[:half]
    yield from happenings
    yield written[half:]
