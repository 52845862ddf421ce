"""Steps compiled into one handler: timed, their facts attributed, and failing open or closed as configured."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from middleware.exchange import Exchange
from middleware.messages import ChatRequest
from middleware.protocol import Handler, Middleware
from middleware.reply import Reply

OnError: TypeAlias = Literal["open", "closed"]
Edit: TypeAlias = Callable[[ChatRequest], ChatRequest]

log = logging.getLogger("burnish.chain")


class StepFailed(Exception):
    """A step that fails closed has failed, and the call with it."""

    def __init__(self, step: str, cause: Exception) -> None:
        super().__init__(f"step {step!r} failed, and is configured to fail closed")
        self.step = step
        self.__cause__ = cause


class CallRefused(Exception):
    """A step refuses the call, where its API has no answer that would say so; the message is for the client."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(message)
        self.step = step


@dataclass(frozen=True, slots=True)
class Link:
    """A step in its place: what it is called in the YAML, and what becomes of the call when it fails.

    `skippable`: whether a call may ask to go without it.
    """

    name: str
    step: Middleware
    on_error: OnError = "open"
    skippable: bool = True


def compile_chain(links: Sequence[Link], terminal: Handler) -> Handler:
    """One handler: the links in order, then `terminal`."""
    handler = terminal
    for link in reversed(links):
        handler = _bind(link, handler)
    return handler


def by_variant(chains: Mapping[str, tuple[Edit | None, Handler]]) -> Handler:
    """A handler that goes on with the chain of the exchange's variant, the request edited as that variant says."""

    async def switch(exchange: Exchange) -> Reply:
        edit, handler = chains[exchange.variant]
        return await handler(exchange if edit is None else exchange.with_request(edit(exchange.request)))

    return switch


def _bind(link: Link, call_next: Handler) -> Handler:
    name, step, fails_open, skippable = link.name, link.step, link.on_error == "open", link.skippable

    async def call(exchange: Exchange) -> Reply:
        if exchange.skips and skippable and name in exchange.skips:
            return await call_next(exchange)
        calls = exchange.log
        place = calls.enter(name)
        below: Reply | None = None
        error_below: BaseException | None = None

        def failed(error: Exception) -> StepFailed | None:
            calls.leave(place, f"{type(error).__name__}: {error}")
            log.warning("step %r failed (%s): %s: %s", name, link.on_error, type(error).__name__, error, exc_info=error)
            return None if fails_open else StepFailed(name, error)

        async def onward(passed: Exchange) -> Reply:
            nonlocal below, error_below
            calls.leave(place)
            try:
                below = await call_next(passed)
            except BaseException as error:
                error_below = error
                raise
            return below.guard(failed)

        try:
            reply = await step(exchange.at(place), onward)
        except CallRefused:
            calls.leave(place)
            raise
        except Exception as error:
            if error is error_below:
                raise
            if failure := failed(error):
                if below is not None:
                    await below.aclose()
                raise failure from error
            if error_below is not None:
                raise error_below from None
            return below.guard(None) if below is not None else await call_next(exchange)
        calls.leave(place)
        return reply.guard(None)

    return call
