"""What a recorded run was asked and what it answered, so that runs of the same prompt are known for such."""

import hashlib
from typing import Final, NamedTuple

import msgspec

from middleware.messages import Completion
from proxy.errors import ApiError, UpstreamBroke
from proxy.wire.format import WireFormat, WireRequest
from proxy.wire.formats import FORMATS
from records.run import Run

_BY_ROUTE: Final = {f"POST /v1/{format.path}": format for format in FORMATS.values() if format.chained}


def request_of(run: Run) -> WireRequest | None:
    """What the agent sent; None for what is no conversation, or was not kept whole."""
    format = _BY_ROUTE.get(run.route)
    if format is None or run.request is None:
        return None
    try:
        return format.read_request(run.request.encode())
    except (ApiError, UnicodeEncodeError):
        return None


def completion_of(run: Run) -> Completion | None:
    """What was answered; None for an error, or what was not kept whole."""
    format = _BY_ROUTE.get(run.route)
    if format is None or run.answer is None or run.outcome != "ok":
        return None
    try:
        return _completion(format, run.answer.encode())
    except (ApiError, UpstreamBroke, UnicodeEncodeError, msgspec.DecodeError, RecursionError):
        return None


class Answered(NamedTuple):
    """An answer that a transcript goes through: digests of what it answers, and of itself."""

    prompt: bytes
    answer: bytes


def prompt_of(request: WireRequest) -> bytes:
    """A digest that requests have in common which ask the same, whatever their model and sampling.

    As with sessions, system messages are no part of it: agents tell the time in them.
    """
    return _read(request)[0]


def answers_in(request: WireRequest) -> list[Answered]:
    """The earlier answers in a request's transcript, the prompts as `prompt_of` would have told them."""
    return _read(request)[1]


def _read(request: WireRequest) -> tuple[bytes, list[Answered]]:
    told, answers = hashlib.blake2b(digest_size=16), []
    told.update(f"{request.api}\0{request.conversation or ''}\0{request.continues or ''}\0".encode(errors="replace"))
    for role, fingerprint in zip(request.roles, request.fingerprints, strict=True):
        if role == "assistant":
            answers.append(Answered(told.digest(), fingerprint))
        told.update(role.encode() + b"\0" + fingerprint)
    return told.digest(), answers


def _completion(format: WireFormat, answer: bytes) -> Completion | None:
    if not format.is_answer(answer):
        return None
    chunk = format.read_whole(answer)
    return type(chunk).join([chunk])
