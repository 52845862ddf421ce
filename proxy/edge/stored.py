"""Answers that clients refer to by id: fetched and deleted here where Burnish keeps them, else by their provider."""

import os
from typing import Final
from urllib.parse import parse_qs, unquote

import orjson

from proxy.edge.call import own_headers, refuse
from proxy.edge.client import Receive, Scope, Send, Sender
from proxy.edge.passthrough import PassthroughCalls
from proxy.edge.routes import Route
from proxy.errors import ApiError, BadRequest
from proxy.identity.answers import KeptAnswers
from proxy.wire.format import WireFormat
from proxy.worker import Worker
from records import JsonValue
from stores.responses import KeptResponse

_LARGEST_PAGE: Final = 100
_PAGE: Final = 20


class StoredAnswers:
    """`/v1/responses/ID`, `/v1/conversations/ID` and what is below them. Conversations are their provider's to keep."""

    def __init__(self, worker: Worker, format: WireFormat, passthrough: PassthroughCalls) -> None:
        self._worker = worker
        self._format = format
        self._passthrough = passthrough

    async def __call__(self, scope: Scope, receive: Receive, send: Send, route: Route) -> None:
        run_id, sender = os.urandom(16).hex(), Sender(send)
        try:
            answers = self._worker.snapshot.agent_of(scope["headers"], route.agent).answers
            id, _, below = unquote(route.rest.partition("/")[2]).partition("/")
            kept = answers.find(id)
            if kept is None and answers.is_anothers(id):
                raise _unknown(id)
            if kept is None or kept.output is None:
                await self._passthrough(scope, receive, send, route, model=kept.model if kept else None)
                return
            document = _told(scope, below, answers, kept)
            await sender.whole(200, own_headers(run_id, self._format), orjson.dumps(document))
        except ApiError as error:
            await refuse(sender, self._format, error, run_id)


def _told(scope: Scope, below: str, answers: KeptAnswers, kept: KeptResponse) -> JsonValue:
    """Raises `ApiError` for what cannot be done with an answer that is complete."""
    method, query = scope["method"], parse_qs(scope["query_string"].decode("latin-1"))
    match method, below:
        case "GET" | "HEAD", "":
            if query.get("stream") == ["true"]:
                raise BadRequest("only a background response can be streamed again", param="stream")
            found: JsonValue = orjson.loads(kept.output or b"{}")
            return found
        case "DELETE", "":
            answers.delete(kept.id)
            return {"id": kept.id, "object": "response", "deleted": True}
        case "GET", "input_items":
            return _page(_items(answers, kept), query)
        case "POST", "cancel":
            raise BadRequest(f"response {kept.id!r} is complete; only a background response can be cancelled")
    raise ApiError(404, f"there is no {method} {scope['path']}", code="route_not_found")


def _items(answers: KeptAnswers, kept: KeptResponse) -> list[JsonValue]:
    """What the response was made from, oldest first, earlier turns included; each item with an id."""
    before = answers.earlier(kept.previous) if kept.previous else ()
    items = [item for said in (*before, kept.input or b"[]") for item in orjson.loads(said)]
    return [
        {"type": "message", "id": f"item_{kept.run_id}_{number}", **_in_parts(item)} if isinstance(item, dict) else item
        for number, item in enumerate(items)
    ]


def _in_parts(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A message that was sent as plain text, as clients expect one listed."""
    text = item.get("content")
    if not isinstance(text, str) or item.get("type", "message") != "message":
        return item
    kind = "output_text" if item.get("role") == "assistant" else "input_text"
    part: dict[str, JsonValue] = {"type": kind, "text": text, **({"annotations": []} if kind == "output_text" else {})}
    return {"status": "completed", **item, "content": [part]}


def _page(items: list[JsonValue], query: dict[str, list[str]]) -> JsonValue:
    """A page of a list, newest first unless `order=asc`."""
    wanted = query.get("limit", [str(_PAGE)])[-1]
    if not wanted.isdigit() or not 1 <= int(wanted) <= _LARGEST_PAGE:
        raise BadRequest(f"limit: must be a number from 1 to {_LARGEST_PAGE}", param="limit", code="invalid_value")
    if query.get("order", ["desc"])[-1] != "asc":
        items = items[::-1]
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    after = query.get("after", [""])[-1]
    if after:
        if after not in ids:
            raise BadRequest(f"after: there is no item {after!r}", param="after", code="invalid_value")
        start = ids.index(after) + 1
        items, ids = items[start:], ids[start:]
    page = int(wanted)
    return {
        "object": "list",
        "data": items[:page],
        "first_id": ids[0] if ids else None,
        "last_id": ids[:page][-1] if ids else None,
        "has_more": len(items) > page,
    }


def _unknown(id: str) -> ApiError:
    return ApiError(404, f"there is no {id!r} here", code="not_found")
