"""The ASGI application of the data plane: which endpoint answers what."""

import os
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from proxy.edge.call import ModelCalls, refuse
from proxy.edge.client import Receive, Scope, Send, Sender
from proxy.edge.feedback import FeedbackCalls
from proxy.edge.passthrough import PassthroughCalls, speaks_anthropic
from proxy.edge.routes import Route, route_of
from proxy.edge.stored import StoredAnswers
from proxy.errors import ApiError
from proxy.metrics import CONTENT_TYPE
from proxy.upstreams.listing import listing, models_of
from proxy.wire.formats import FORMATS, RESPONSES, errors_of
from proxy.worker import Worker
from records import JsonValue

Endpoint: TypeAlias = Callable[[Scope, Receive, Send, str | None], Awaitable[None]]
Small: TypeAlias = Callable[[Request], Response]

_STORED: Final = frozenset({"GET", "HEAD"})
"""Methods by which a provider lists the calls it has stored, on the routes where calls are made."""


class DataPlane:
    """`/v1/...` for agents, and `/healthz`, `/readyz`, `/metrics` for whoever runs it.

    The hot paths are looked up by their path alone; no middleware stands before them.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._passthrough = PassthroughCalls(worker)
        self._stored = StoredAnswers(worker, RESPONSES, self._passthrough)
        self._feedback = FeedbackCalls(worker)
        self._calls: dict[str, Endpoint] = {format.path: ModelCalls(worker, format) for format in FORMATS.values()}
        self._small: dict[str, Small] = {
            "healthz": lambda _: PlainTextResponse("ok\n"),
            "readyz": self._readyz,
            "metrics": lambda _: Response(worker.exposition(), media_type=CONTENT_TYPE),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = route_of(scope["path"])
        call = self._calls.get(route.rest)
        if call is not None and scope["method"] == "POST":
            await call(scope, receive, send, route.agent)
        else:
            await self._other(route, scope, receive, send)

    async def _other(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        small = self._small.get(route.rest) if route.agent is None else None
        if small is not None and scope["method"] in ("GET", "HEAD"):
            await small(Request(scope, receive))(scope, receive, send)
        elif _wants_websocket(scope):
            # 426 makes clients that try a WebSocket first go on over HTTP at once.
            error = ApiError(
                426, "this endpoint speaks HTTP, not WebSocket", code="upgrade_refused", headers={"upgrade": "HTTP/1.1"}
            )
            await self._refuse(scope, send, route, error)
        elif route.rest in self._calls and scope["method"] not in _STORED:
            await self._refuse(scope, send, route, _wrong_method(scope, "POST"))
        elif route.rest == "feedback":
            await self._take_feedback(route, scope, receive, send)
        elif scope["method"] == "GET" and (route.rest == "models" or route.rest.startswith("models/")):
            await self._models(route, scope, receive, send)
        elif not route.versioned:
            message = f"there is nothing at {scope['path']!r}; the API begins at /v1"
            await self._refuse(scope, send, route, ApiError(404, message, code="route_not_found"))
        elif route.rest.startswith(("responses/", "conversations/")):
            await self._stored(scope, receive, send, route)
        else:
            await self._passthrough(scope, receive, send, route)

    async def _take_feedback(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["method"]:
            case "POST":
                await self._feedback(scope, receive, send, route.agent)
            case "OPTIONS":
                await self._feedback.preflight(send)
            case _:
                await self._refuse(scope, send, route, _wrong_method(scope, "POST"))

    async def _models(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """What the key may use. A model that is not configured is its provider's to describe, where it may be used."""
        try:
            agent = self._worker.snapshot.agent_of(scope["headers"], route.agent)
            listed = models_of(self._worker.snapshot.config, agent.name, created=self._worker.started)
            _, _, wanted = route.rest.partition("/")
            answer: JsonValue = listing(listed)
            if wanted:
                answer = next((model for model in listed if model["id"] == wanted), None)
            if answer is None and agent.config.models.unknown != "passthrough":
                raise ApiError(404, f"no model {wanted!r} for this key", param="model", code="model_not_found")
        except ApiError as error:
            await self._refuse(scope, send, route, error)
            return
        if answer is None:
            await self._passthrough(scope, receive, send, route)
        else:
            await JSONResponse(answer)(scope, receive, send)

    def _readyz(self, _: Request) -> Response:
        ready = self._worker.accepts
        status = {"ready": ready, "problems": self._worker.problems()}
        return JSONResponse(status, status_code=200 if ready else 503)

    async def _refuse(self, scope: Scope, send: Send, route: Route, error: ApiError) -> None:
        format = errors_of(route.rest, anthropic=speaks_anthropic(scope))
        await refuse(Sender(send), format, error, os.urandom(16).hex())


def _wants_websocket(scope: Scope) -> bool:
    """Other upgrades, such as to HTTP/2, are offers that a server may pass over."""
    return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in scope["headers"])


def _wrong_method(scope: Scope, right: str) -> ApiError:
    return ApiError(
        405, f"{scope['method']} {scope['path']}: this endpoint takes {right}", code="method_not_allowed",
        headers={"allow": right},
    )  # fmt: skip
