"""`POST /v1/responses/compact`: what the user said stays; the rest becomes an item only this upstream can read."""

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.asked import asked_of
from tests.support.upstream.failures import lacks
from tests.support.upstream.reading import input_items
from tests.support.upstream.received import Received
from tests.support.upstream.responses.checks import refusal
from tests.support.upstream.responses.document import CREATED, usage
from tests.support.upstream.responses.items import with_ids


def compact(request: Received) -> Answer:
    asked = asked_of(request)
    if not asked.model:
        return lacks("model")(request)
    if (refused := refusal(asked.document, request)) is not None:
        return refused
    memory = request.memory
    before = (*memory.before(asked.document), *input_items(asked.document))
    name = memory.name("cmp", request.number)
    kept = with_ids([item for item in before if item.get("role") == "user"], memory, request.number)
    return document(
        {
            "id": memory.name("resp", request.number),
            "object": "response.compaction",
            "created_at": CREATED,
            "output": [*kept, {"id": name, "type": "compaction", "encrypted_content": memory.seal(name)}],
            "usage": usage(input=asked.words, output=1),
        }
    )
