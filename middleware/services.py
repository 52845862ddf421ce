"""What a step is given to work with, besides its settings."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from middleware.messages import ChatRequest, Role
from middleware.protocol import Handler
from middleware.recall import NoRecall, Recall
from records import JsonValue
from records.guard import LearnedRule
from stores.routing import Published, RoutingState
from stores.routing.memory import MemoryRouting
from stores.tool_states import Failing


def _no_epoch() -> Published | None:
    return None


def _none_failing() -> Mapping[str, Failing]:
    return {}


def _none_critiqued() -> Mapping[str, float]:
    return {}


def _no_models(name: str) -> Handler:
    raise LookupError(f"no model called {name!r}: this chain was built without models")


class Asking(Protocol):
    """Makes a request of a step's own, for a model of the configuration."""

    def __call__(self, messages: Sequence[tuple[Role, str]], **fields: JsonValue) -> ChatRequest:
        """`fields` as in chat completions, such as `max_tokens` and `response_format`."""


def _no_requests(messages: Sequence[tuple[Role, str]], **fields: JsonValue) -> ChatRequest:
    raise LookupError("this chain was built without a way to make requests")


def _none_learned() -> Sequence[LearnedRule]:
    return ()


@dataclass(frozen=True, slots=True)
class Services:
    """`model(name)` is a model of the configuration as a `Handler`, `model("")` the one that a call names; `secret`
    keys every hash that must not be guessed.

    What a step asks a model is a call aside: on record with the call that the step serves, its cost part of that
    call's, and answered whole. `request` makes what to ask, as in
    `await model("judge")(exchange.with_request(request([("user", "Is it?")], max_tokens=1)))`.

    `clock` is in nanoseconds since the epoch.
    """

    agent: str
    variants: Sequence[str] = ("base",)
    secret: bytes = b""
    model: Callable[[str], Handler] = _no_models
    request: Asking = _no_requests
    clock: Callable[[], int] = time.time_ns
    random: Random = field(default_factory=Random)
    routing: RoutingState = field(default_factory=MemoryRouting)
    epoch: Callable[[], Published | None] = _no_epoch
    """The last epoch that was published for the agent; without asking anybody."""
    observing: bool = False
    """Whether the chain only looks on: no reply that a step sees is one to a request that it made."""
    recall: Recall = field(default_factory=NoRecall)
    """The agent's best past answers."""
    failing_tools: Callable[[], Mapping[str, Failing]] = _none_failing
    """The agent's tools whose breakers are not closed, by their names; without asking anybody."""
    guard_rules: Callable[[], Sequence[LearnedRule]] = _none_learned
    """The rules that were learned from the agent's incidents, as far as they are in force; without asking anybody. The
    same object while they are the same."""
    critique: Callable[[], Mapping[str, float]] = _none_critiqued
    """The probability with which an answer is critiqued, by its stratum ("" for any other); without asking anybody.
    Empty while nothing is known: critique starts on."""
