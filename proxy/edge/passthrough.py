"""Every `/v1` route that Burnish does not read: to the agent's default provider and back, recorded, not chained."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from proxy.edge.call import as_api_error, encoded, own_headers, refuse
from proxy.edge.client import (
    ClientGone,
    Departure,
    RawHeaders,
    Receive,
    Scope,
    Send,
    Sender,
    refuse_compressed,
    too_large,
)
from proxy.edge.routes import Route, as_it_came
from proxy.edge.trace_context import parent_of
from proxy.errors import ApiError, UpstreamBroke
from proxy.metrics import Ended
from proxy.snapshot import AgentRuntime
from proxy.upstreams.passthrough import Answer, Request
from proxy.wire.format import WireFormat
from proxy.wire.formats import errors_of
from proxy.worker import Worker
from records import Attempt, Run
from records.run import Outcome
from stores.transcripts import Seen

logger = logging.getLogger("burnish.edge")

_BEGINS: Final = "POST /v1/conversations"
_KEPT: Final = 64 * 1024
"""Bytes of a body that are recorded, where it is text."""


class PassthroughCalls:
    """Serves all routes that no wire format reads."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, route: Route, *, model: str | None = None
    ) -> None:
        """`model`: the configured model whose provider is meant, where that is known."""
        errors = errors_of(route.rest, anthropic=speaks_anthropic(scope))
        worker, run_id, started_ns = self._worker, os.urandom(16).hex(), time.time_ns()
        sender = Sender(send)
        try:
            agent = worker.snapshot.agent_of(scope["headers"], route.agent)
            if scope["method"] == "TRACE":
                raise _untraceable()
            if agent.refuses_unread:
                raise _unguarded(agent.name, route.rest)
            worker.admit(agent)
            await worker.admission.enter()
            try:
                await agent.limits.enter()
                try:
                    forward = _Forward(worker, agent, errors, scope, receive, sender, route, run_id, started_ns, model)
                    failed = await forward.run()
                finally:
                    agent.limits.leave()
                if failed is not None:
                    await refuse(sender, errors, failed, run_id)
            finally:
                worker.admission.leave()
        except ApiError as error:
            worker.metrics.refused("forward", error)
            await refuse(sender, errors, error, run_id)
        except ClientGone:
            worker.metrics.left("forward")
        except Exception as unforeseen:
            if sender.started:
                raise
            logger.exception("run %s failed before it had begun", run_id)
            await refuse(sender, errors, as_api_error(unforeseen), run_id)


class _Identified(msgspec.Struct):
    id: str


_IDENTIFIED: Final = msgspec.json.Decoder(_Identified)


class _Kept:
    """What is recorded of a body that passes: its text, or of which kind and length it was."""

    def __init__(self, content_type: str) -> None:
        self._type = content_type
        self._is_text = "json" in content_type or content_type.startswith("text/")
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        if self._is_text and self.size < _KEPT:
            self._parts.append(part)
        self.size += len(part)

    def text(self) -> str | None:
        if not self.size:
            return None
        if self._is_text and self.size <= _KEPT:
            return b"".join(self._parts).decode("utf-8", "replace")
        return msgspec.json.encode({"content_type": self._type, "bytes": self.size}).decode()


class _Forward:
    """One request on its way through."""

    def __init__(
        self,
        worker: Worker,
        agent: AgentRuntime,
        errors: WireFormat,
        scope: Scope,
        receive: Receive,
        sender: Sender,
        route: Route,
        run_id: str,
        started_ns: int,
        model: str | None,
    ) -> None:
        self._model = model
        self._worker = worker
        self._agent = agent
        self._errors = errors
        self._scope = scope
        self._receive = receive
        self._sender = sender
        self._run_id = run_id
        self._started_ns = started_ns
        self._first_ns: int | None = None
        self._attempts: list[Attempt] = []
        self._left = worker.snapshot.config.server.max_body
        raw: RawHeaders = scope["headers"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        self._trace_id, self._parent = parent_of(dict(raw).get(b"traceparent"), run_id)
        self._name = f"{scope['method']} /v1/{route.rest}"
        self._asked = _Kept(headers.get("content-type", ""))
        refuse_compressed(headers.get("content-encoding", "").encode("latin-1"))
        length = headers.get("content-length")
        if length is not None and (not length.isdigit() or int(length) > self._left):
            raise too_large(self._left)
        has_body = "transfer-encoding" in headers or (length or "0") != "0"
        self._whole_body_read = asyncio.Event()
        if not has_body:
            self._whole_body_read.set()
        self._request = Request(
            scope["method"],
            as_it_came(scope["raw_path"].decode("latin-1"), route),
            scope["query_string"].decode("latin-1"),
            headers,
            self._body() if has_body else None,
            int(length) if length else None,
        )

    async def run(self) -> ApiError | None:
        """Answers, and records the call whatever happens; or says what the client is still to be told."""
        departure = Departure(self._scope, self._receive, self._whole_body_read)
        try:
            forward = self._worker.passthrough(self._agent.name)
            answer = await forward(
                self._request,
                trace_id=self._trace_id,
                run_id=self._run_id,
                record=self._attempts.append,
                model=self._model,
            )
            try:
                await self._answer(answer)
            finally:
                await answer.aclose()
        except ApiError as error:
            self._record(error.status, "error", error.message, None)
            return error
        except ClientGone:
            self._record(499, "cancelled", "the client disconnected", None)
        except asyncio.CancelledError:
            self._record(499, "cancelled", "the client disconnected" if departure.gone else "shut down", None)
            if not departure.gone:
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
        finally:
            departure.close()
        return None

    async def _answer(self, answer: Answer) -> None:
        headers = [*own_headers(self._run_id, self._errors), *encoded(_down(answer.headers))]
        sender = self._sender
        await sender.start(answer.status, headers)
        kept = _Kept(answer.headers.get("content-type", ""))
        held: bytes | None = None
        try:
            async for piece in answer:
                if self._first_ns is None:
                    self._first_ns = time.time_ns()
                kept.add(piece)
                if held is not None:
                    await sender.event(held)
                held = None
                if _is_last(answer, kept):
                    held = piece
                else:
                    await sender.event(piece)
        except UpstreamBroke as broke:
            self._record(answer.status, "error", str(broke), kept.text())
            # What was promised does not come. The server closes a connection whose answer is not whole: the only sign
            # there is.
            return
        said = kept.text()
        if self._name == _BEGINS and answer.status < 400 and said is not None:
            self._claim(said)
        self._record(answer.status, "ok" if answer.status < 400 else "error", None, said)
        await sender.end_stream(held or b"")

    def _claim(self, conversation: str) -> None:
        """What was begun is this agent's own: agents may share a provider's key."""
        try:
            id = _IDENTIFIED.decode(conversation).id
        except msgspec.DecodeError:
            return
        self._agent.answers.claim(id, Seen(id, self._run_id, self._trace_id, time.time_ns()))

    async def _body(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            self._left -= len(part)
            if self._left < 0:
                raise too_large(self._worker.snapshot.config.server.max_body)
            self._asked.add(part)
            more = message.get("more_body", False)
            if part:
                yield part
        self._whole_body_read.set()

    def _record(self, status: int, outcome: Outcome, error: str | None, answer: str | None) -> None:
        ended, content = time.time_ns(), self._agent.content
        asked = self._asked.text()
        last = self._attempts[-1] if self._attempts else None
        run = Run(
            id=self._run_id,
            trace_id=self._trace_id,
            parent_span_id=self._parent,
            tenant=self._agent.agent.tenant,
            agent=self._agent.name,
            config_hash=self._worker.snapshot.config.hash,
            route=self._name,
            operation="forward",
            turn="aux",
            started_ns=self._started_ns,
            first_chunk_ns=self._first_ns,
            ended_ns=ended,
            chat_started_ns=last.started_ns if last else self._started_ns,
            chat_ended_ns=ended,
            status=status,
            outcome=outcome,
            error=error,
            provider=last.provider if last else None,
            request=content(asked) if asked is not None else None,
            answer=content(answer) if answer is not None else None,
            attempts=tuple(self._attempts),
        )
        if self._agent.recorded:
            self._worker.record(run)
        self._worker.metrics.ended(
            Ended(
                run.agent,
                run.variant,
                "forward",
                outcome,
                status,
                ended - run.started_ns,
                None,
                None,
                None,
                run.attempts,
            )
        )


def _is_last(answer: Answer, kept: _Kept) -> bool:
    """An answer whose length is known ends with the byte that completes it, so that byte waits for the record."""
    length = answer.headers.get("content-length")
    return length is not None and kept.size >= int(length)


def speaks_anthropic(scope: Scope) -> bool:
    """Anthropic's clients say so on every route."""
    return any(name == b"anthropic-version" for name, _ in scope["headers"])


def _unguarded(agent: str, route: str) -> ApiError:
    return ApiError(
        403,
        f"the guardrails of agent {agent!r} cannot read what passes /v1/{route}, so it is closed to it; its owner can "
        "open such routes with guardrails: {other_routes: allow}",
        type="permission_error",
        code="route_not_guarded",
    )


def _untraceable() -> ApiError:
    """A provider that serves TRACE would show the client the credentials it got from us."""
    return ApiError(501, "TRACE is not served here; look at the run's trace instead", code="not_implemented")


def _down(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name != "x-request-id"}
