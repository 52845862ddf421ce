"""The routes of stored responses: they are read, deleted, cancelled, and tell what they were made from."""

from urllib.parse import parse_qs

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.failures import error
from tests.support.upstream.memory import Stored
from tests.support.upstream.paths import RESPONSES
from tests.support.upstream.received import Received
from tests.support.upstream.responses.items import page_of
from tests.support.upstream.responses.missing import missing
from tests.support.upstream.responses.render import streamed


def kept_responses(request: Received) -> Answer:
    match request.method, request.path.removeprefix(RESPONSES).strip("/").split("/"):
        case method, [name, *rest] if name:
            if (stored := request.memory.responses.get(name)) is None:
                return missing(f"Response with id '{name}' not found.")
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
    return missing(f"Invalid URL ({request.method} {request.path})")


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
