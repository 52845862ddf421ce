"""A scripted answer as the Responses API gives it, which stores it unless the request says not to."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.support.upstream.answer import Answer, Cut, Step, document
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import error
from tests.support.upstream.gate import Gate
from tests.support.upstream.memory import Stored, conversation_of
from tests.support.upstream.reading import input_items
from tests.support.upstream.received import Received
from tests.support.upstream.responses.checks import refusal
from tests.support.upstream.responses.items import with_ids
from tests.support.upstream.responses.writing import Event, Writing
from tests.support.upstream.spoken import Failed, Spoken


def render(spoken: Spoken, request: Received) -> Answer:
    asked = asked_of(request)
    if (refused := refusal(asked.document, request)) is not None:
        return refused
    writing = Writing(spoken, request, asked)
    events = tuple(writing.events())
    final = _final(events)
    background = bool(asked.document.get("background"))
    if final is not None and asked.document.get("store") is not False:
        _store(asked.document, request, writing.begun if background else None, final, events)
    if asked.streamed:
        return streamed(events)
    if background:
        return document({**writing.begun, "status": "queued"})
    trouble = writing.choice.trouble
    if final is None or (trouble is not None and not isinstance(trouble, Failed)):
        assert trouble is not None
        return error(500, trouble.message, type=trouble.type, code=trouble.code)(request)
    return Answer(
        headers=(("content-type", "application/json"),), steps=tuple(_around(writing.choice.happenings, final))
    )


def streamed(events: Iterable[Event | Step]) -> Answer:
    """Each event with its name, and no `[DONE]` after the last."""
    headers = (("content-type", "text/event-stream; charset=utf-8"),)
    steps = tuple(_written(event) if isinstance(event, dict) else event for event in events)
    return Answer(headers=headers, steps=steps, streamed=True)


def _store(
    asked: dict[str, Any],
    request: Received,
    unfinished: dict[str, Any] | None,
    final: dict[str, Any],
    events: tuple[Event | Step, ...],
) -> None:
    memory = request.memory
    sent = with_ids(input_items(asked), memory, request.number)
    replayed = tuple(event for event in events if isinstance(event, dict | Gate))
    memory.responses[final["id"]] = Stored(final, (*memory.before(asked), *sent), replayed, unfinished)
    if conversation := memory.conversations.get(conversation_of(asked) or ""):
        conversation.items += [*sent, *final["output"]]


def _final(events: Iterable[Event | Step]) -> dict[str, Any] | None:
    """The response as the last event tells it; None where the stream breaks off."""
    *_, last = (event for event in events if isinstance(event, dict))
    found: dict[str, Any] | None = last.get("response")
    return found


def _around(happenings: tuple[Step, ...], body: dict[str, Any]) -> Iterator[Step]:
    written = json.dumps(body, ensure_ascii=False).encode()
    half = len(written) // 2 if any(isinstance(step, Cut) for step in happenings) else 0
    yield written[:half]
    yield from happenings
    yield written[half:]


def _written(event: Event) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
