"""The routes of Responses beside the one that makes them: stored ones are read and deleted, input is counted."""

from typing import Any
from urllib.parse import parse_qs

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import error
from tests.support.upstream.memory import Stored
from tests.support.upstream.paths import RESPONSES
from tests.support.upstream.reading import input_items
from tests.support.upstream.received import Received
from tests.support.upstream.responses.checks import refusal
from tests.support.upstream.responses.document import CREATED, usage
from tests.support.upstream.responses.items import page_of, with_ids
from tests.support.upstream.responses.render import streamed


def kept_responses(request: Received) -> Answer:
    match request.method, request.path.removeprefix(RESPONSES).strip("/").split("/"):
        case "POST", ["compact"]:
            return _compacted(request)
        case "POST", ["input_tokens"]:
            return _counted(request)
        case method, [name, *rest] if name:
            if (stored := request.memory.responses.get(name)) is None:
                return error(404, f"Response with id '{name}' not found.")(request)
            match method, rest:
                case "GET", []:
                    return _read(stored, request)
                case "DELETE", []:
                    del request.memory.responses[name]
                    return document({"id": name, "object": "response", "deleted": True})
                case "POST", ["cancel"]:
                    return _cancelled(stored, request)
                case "GET", ["input_items"]:
                    return document(page_of(stored.input, request.query))
    return error(404, f"Invalid URL ({request.method} {request.path})", code="unknown_url")(request)


def _read(stored: Stored, request: Received) -> Answer:
    query = parse_qs(request.query)
    stored.looked_at = True
    if query.get("stream") != ["true"]:
        return document(stored.now)
    after = int(query.get("starting_after", ["-1"])[0])
    return streamed(event for event in stored.events if not isinstance(event, dict) or event["sequence_number"] > after)


def _cancelled(stored: Stored, request: Received) -> Answer:
    if stored.unfinished is None:
        return error(400, "Cannot cancel a synchronous response.")(request)
    stored.cancelled = stored.cancelled or not stored.finished
    return document(stored.now)


def _compacted(request: Received) -> Answer:
    """What the user said stays; the rest becomes one item that only this upstream can read."""
    asked = asked_of(request)
    if not asked.model:
        return _missing("model", request)
    memory = request.memory
    if (refused := refusal(asked.document, memory)) is not None:
        return refused(request)
    before = (*memory.before(asked.document), *input_items(asked.document))
    name = memory.name("cmp", request.number)
    kept = with_ids([item for item in before if item.get("role") == "user"], memory, request.number)
    body: dict[str, Any] = {
        "id": memory.name("resp", request.number),
        "object": "response.compaction",
        "created_at": CREATED,
        "output": [*kept, {"id": name, "type": "compaction", "encrypted_content": memory.seal(name)}],
        "usage": usage(input=asked.words, output=1),
    }
    return document(body)


def _counted(request: Received) -> Answer:
    asked = asked_of(request)
    if (refused := refusal(asked.document, request.memory)) is not None:
        return refused(request)
    return document({"object": "response.input_tokens", "input_tokens": asked.words})


def _missing(name: str, request: Received) -> Answer:
    return error(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)(request)
