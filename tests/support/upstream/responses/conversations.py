"""`/v1/conversations`: what responses add to when a request names one of them."""

from typing import Any

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.memory import Conversation
from tests.support.upstream.paths import CONVERSATIONS
from tests.support.upstream.received import Received
from tests.support.upstream.responses.document import CREATED
from tests.support.upstream.responses.items import page_of, with_ids
from tests.support.upstream.responses.missing import missing


def conversations(request: Received) -> Answer:
    memory = request.memory
    name, *rest = request.path.removeprefix(CONVERSATIONS).strip("/").split("/")
    if not name and request.method == "POST":
        asked = request.json() if request.body else {}
        conversation = Conversation(memory.name("conv", request.number), asked.get("metadata") or {})
        conversation.items += with_ids(asked.get("items") or [], memory, request.number)
        memory.conversations[conversation.id] = conversation
        return document(_told(conversation))
    if (found := memory.conversations.get(name)) is None:
        return missing(f"Conversation with id '{name}' not found.")
    match request.method, rest:
        case "GET", []:
            return document(_told(found))
        case "DELETE", []:
            del memory.conversations[name]
            return document({"id": name, "object": "conversation.deleted", "deleted": True})
        case "GET", ["items"]:
            return document(page_of(found.items, request.query))
        case _:
            return missing(f"Invalid URL ({request.method} {request.path})")


def _told(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": CREATED,
        "metadata": conversation.metadata,
    }
