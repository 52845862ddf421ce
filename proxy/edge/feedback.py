"""`POST /v1/feedback`: what people and programs say of a run of the key's agent."""

import hashlib
import logging
import os
import time
from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from proxy.edge.admission import Admission
from proxy.edge.call import as_api_error, encoded, own_headers
from proxy.edge.client import ClientGone, RawHeaders, Receive, Scope, Send, Sender, read_body
from proxy.edge.passthrough import speaks_anthropic
from proxy.errors import ApiError, BadRequest
from proxy.feedback.keeping import Became, Caps
from proxy.feedback.said import Said, read_said
from proxy.feedback.tokens import agent_in
from proxy.feedback.votes import Voter, votes_of
from proxy.identity.keys import credential_of
from proxy.snapshot import AgentRuntime
from proxy.wire.format import WireFormat
from proxy.wire.formats import errors_of
from proxy.worker import Worker
from records import JsonValue
from records.score import Score
from stores.known import KnownRun

logger = logging.getLogger("burnish.edge")

_LARGEST: Final = 2**20
_LARGEST_UNSIGNED: Final = 2**16
"""Bytes of a body that are read before anything says who sent it."""
_IN_FLIGHT: Final = 64
_WAITING: Final = 1024
_LONGEST_WAIT: Final = 10.0
_LONGEST_KEY: Final = 256
_TOKEN: Final = b"x-burnish-feedback"
_IDEMPOTENCY: Final = b"idempotency-key"
_CREDENTIALS: Final = frozenset({b"authorization", b"x-api-key", b"api-key"})
_ANYWHERE: Final = (b"access-control-allow-origin", b"*")
_PREFLIGHT: Final = (
    _ANYWHERE,
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, idempotency-key, x-burnish-feedback"),
    (b"access-control-max-age", b"86400"),
)


class _Caller(NamedTuple):
    """Who sends feedback: somebody with the agent's `key`, or, with a token for one run instead, one of its users."""

    agent: AgentRuntime
    key: bytes | None


class FeedbackCalls:
    """Takes feedback in. It has bounds of its own: no vote waits for a model, and no call for a vote."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._admission = Admission(_IN_FLIGHT, _WAITING, _LONGEST_WAIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, agent_in_path: str | None) -> None:
        format = errors_of("feedback", anthropic=speaks_anthropic(scope))
        id, sender = os.urandom(16).hex(), Sender(send)
        open_to = () if _has_key(scope) else (_ANYWHERE,)
        try:
            status, document = await self._answer(scope, receive, agent_in_path)
            await sender.whole(status, [(format.request_id, id.encode()), *open_to], orjson.dumps(document))
        except ApiError as error:
            await _refuse(sender, format, error, id, open_to)
        except ClientGone:
            pass
        except Exception as unforeseen:
            if sender.started:
                raise
            logger.exception("feedback %s could not be taken in", id)
            await _refuse(sender, format, as_api_error(unforeseen), id, open_to)

    async def preflight(self, send: Send) -> None:
        """A browser asks whether a page may send what it wants to. It may: no cookie counts here, only a token."""
        await Sender(send).whole(204, _PREFLIGHT, b"")

    async def _answer(self, scope: Scope, receive: Receive, agent_in_path: str | None) -> tuple[int, JsonValue]:
        worker, headers = self._worker, dict(scope["headers"])
        server = worker.snapshot.config.server
        caller, limit = None, min(server.max_body, _LARGEST_UNSIGNED)
        if _has_key(scope) or not any(agent.tokens for agent in worker.snapshot.agents.values()):
            agent = worker.snapshot.agent_of(scope["headers"], agent_in_path)
            caller, limit = _Caller(agent, credential_of(scope["headers"])), min(server.max_body, _LARGEST)
        said = read_said(await read_body(scope, receive, limit=limit, timeout=server.body_timeout))
        token = said.token or headers.get(_TOKEN, b"").decode("latin-1")
        if caller is None:
            caller = _Caller(_agent_of(worker, token, agent_in_path), None)
        _check_token(caller, said, token)
        key = said.idempotency_key or _idempotency_key(headers)
        try:
            await self._admission.enter()
            try:
                return await self._keep(caller, said, key)
            finally:
                self._admission.leave()
        except ApiError:
            worker.metrics.feedback.labels(caller.agent.name, "refused").inc()
            raise

    async def _keep(self, caller: _Caller, said: Said, key: str | None) -> tuple[int, JsonValue]:
        agent, desk = caller.agent, self._worker.feedback
        if not agent.recorded:
            message = f"agent {agent.name!r} records nothing (record: none), so there is no run to say anything of"
            raise ApiError(409, message, code="not_recorded")
        if said.run_id is not None:
            run = await desk.find(agent.name, "run_id", said.run_id)
        else:
            assert said.response_id is not None
            run = await desk.find(agent.name, "response_id", said.response_id)
        if said.preferred_over is not None:
            await self._check_pair(agent, run, said.preferred_over)
        rater, person = _rater(caller, said, run)
        voter = Voter(run.tenant, agent.name, rater, time.time_ns(), self._worker.snapshot.config.hash)
        votes = votes_of(said, run.id, voter)
        bounds = agent.config.feedback
        became = await desk.keep(votes, Caps(bounds.per_rater, bounds.per_day, person), key)
        kept: Became = "new" if "new" in became else "changed" if "changed" in became else "same"
        self._worker.metrics.feedback.labels(agent.name, kept).inc()
        return (201 if kept == "new" else 200), _told(run.id, kept, votes, became)

    async def _check_pair(self, agent: AgentRuntime, run: KnownRun, other: str) -> None:
        desk = self._worker.feedback
        if (await desk.find(agent.name, "preferred_over", other)).id == run.id:
            raise BadRequest(
                "preferred_over: a run cannot be preferred over itself", param="preferred_over", code="invalid_value"
            )
        if not await desk.same_prompt(agent.name, run.id, other):
            raise BadRequest(
                "preferred_over: the two runs were asked different things; "
                "a preference is between answers to the same prompt",
                param="preferred_over",
                code="different_prompts",
            )


async def _refuse(sender: Sender, format: WireFormat, error: ApiError, id: str, more: RawHeaders) -> None:
    headers = [*own_headers(id, format), *encoded(error.headers), *more]
    await sender.whole(error.status, headers, format.error(error, id))


def _told(run_id: str, kept: Became, votes: list[Score], became: list[Became]) -> JsonValue:
    scores = [{"id": vote.id, "name": vote.evaluator, "kept": what} for vote, what in zip(votes, became, strict=True)]
    return {"object": "feedback", "id": votes[0].id, "run_id": run_id, "kept": kept, "scores": scores}


def _has_key(scope: Scope) -> bool:
    return any(name in _CREDENTIALS and value for name, value in scope["headers"])


def _agent_of(worker: Worker, token: str, agent_in_path: str | None) -> AgentRuntime:
    """The agent that a token claims to be of."""
    agent = worker.snapshot.agents.get(agent_in(token))
    if agent is None or agent.tokens is None or agent_in_path not in (None, agent.name):
        raise _not_signed()
    return agent


def _check_token(caller: _Caller, said: Said, token: str) -> None:
    """Raises 401 for a wrong one, 403 for what none allows."""
    if not token and caller.key is not None:
        return
    tokens = caller.agent.tokens
    if tokens is None or not token or said.run_id is None or not tokens.opens(token, said.run_id):
        raise _not_signed()
    if caller.key is None:
        for name in _FOR_AGENTS:
            if getattr(said, name) is not None:
                raise ApiError(
                    403,
                    f"{name}: a token lets its holder say thumbs, rating, correction and comment; this needs the key",
                    type="permission_error",
                    param=name,
                    code="key_needed",
                )


_FOR_AGENTS: Final = ("rater", "score", "preferred_over")


def _not_signed() -> ApiError:
    return ApiError(
        401,
        "no API key, and no token that is valid for this run; send the run_id and token that the answer came with, "
        "as x-burnish-run-id and x-burnish-feedback",
        type="authentication_error",
        param="token",
        code="invalid_token",
    )


def _idempotency_key(headers: Mapping[bytes, bytes]) -> str | None:
    key = headers.get(_IDEMPOTENCY, b"").decode("latin-1")
    if len(key) > _LONGEST_KEY:
        message = f"idempotency-key: must be at most {_LONGEST_KEY} characters"
        raise BadRequest(message, param="idempotency-key", code="invalid_header")
    return key or None


def _rater(caller: _Caller, said: Said, run: KnownRun) -> tuple[str, bool]:
    """Whose word it is, and whether that is a person: the one named, else the run's user, else whoever has the key."""
    agent = caller.agent
    if said.rater is not None:
        return agent.pseudonym(said.rater), True
    if run.user is not None:
        return run.user, True
    if caller.key is None:
        return agent.pseudonym(f"token\0{run.id}"), True
    return agent.pseudonym(f"key\0{hashlib.sha256(caller.key).hexdigest()}"), False
