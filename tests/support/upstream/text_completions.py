"""A scripted answer as the legacy completions API writes it: one document, or a stream of pieces of it."""

import json
from collections.abc import Iterator
from itertools import accumulate, chain, zip_longest
from typing import Any

from tests.support.upstream.answer import Answer, Cut, Step
from tests.support.upstream.asked import Asked, asked_of
from tests.support.upstream.chat import CREATED, DONE
from tests.support.upstream.failures import error, error_body
from tests.support.upstream.logprobs import logprob
from tests.support.upstream.reading import prompts
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import Broken, Choice, Cost, Raw, Spoken


def render(spoken: Spoken, request: Received) -> Answer:
    """`n` choices for every prompt; text alone, since this API has neither tools nor roles."""
    writing = _Writing(spoken, request.number, asked_of(request))
    if writing.asked.streamed:
        headers = (("content-type", "text/event-stream; charset=utf-8"),)
        return Answer(headers=headers, steps=tuple(writing.events()), streamed=True)
    for _, choice in writing.choices:
        if (broken := choice.trouble) is not None:
            return error(500, broken.message, type=broken.type, code=broken.code)(request)
    return Answer(headers=(("content-type", "application/json"),), steps=tuple(writing.document()))


class _Writing:
    """One answer being written down."""

    def __init__(self, spoken: Spoken, number: int, asked: Asked) -> None:
        self.spoken = spoken
        self.number = number
        self.asked = asked
        each = asked.document.get("n") or 1
        self.choices = [
            (prompt if asked.document.get("echo") else "", spoken.choices[i % len(spoken.choices)])
            for prompt in prompts(asked.document)
            for i in range(each)
        ]
        """The text that is repeated before each choice, and the choice."""
        self.tells_usage = bool((asked.document.get("stream_options") or {}).get("include_usage"))

    def document(self) -> Iterator[Step]:
        choices = [
            self.choice(index, _pieces(echoed, choice), ending=choice.ending)
            for index, (echoed, choice) in enumerate(self.choices)
        ]
        body = json.dumps({**self.head(), "choices": choices, "usage": self.usage(), **self.spoken.extra}).encode()
        happenings = [happening for _, choice in self.choices for happening in choice.happenings]
        half = len(body) // 2 if any(isinstance(happening, Cut) for happening in happenings) else 0
        yield body[:half]
        yield from happenings
        yield body[half:]

    def events(self) -> Iterator[Step]:
        tracks = [self.track(index, echoed, choice) for index, (echoed, choice) in enumerate(self.choices)]
        for step in chain.from_iterable(zip_longest(*tracks)):
            if isinstance(step, Broken):
                yield _sse(error_body(step.message, type=step.type, code=step.code))
                return
            if step is not None:
                yield step
        if self.tells_usage:
            yield _sse({**self.head(), "choices": [], "usage": self.usage()})
        yield DONE

    def track(self, index: int, echoed: str, choice: Choice) -> Iterator[Step | Broken]:
        """The events of one choice, in order."""
        told = 0
        for part in (*([echoed] if echoed else []), *choice.parts):
            if isinstance(part, str):
                yield self.event(self.choice(index, [part], offset=told))
                told += len(part)
            else:
                yield part.data if isinstance(part, Raw) else part
        yield self.event(self.choice(index, [], ending=choice.ending))

    def event(self, choice: dict[str, Any]) -> bytes:
        usage = {"usage": None} if self.tells_usage else {}
        return _sse({**self.head(), "choices": [choice], **usage, **self.spoken.extra})

    def choice(self, index: int, pieces: list[str], *, offset: int = 0, ending: str | None = None) -> dict[str, Any]:
        logprobs = self.logprobs(pieces, offset)
        return {"text": "".join(pieces), "index": index, "logprobs": logprobs, "finish_reason": ending}

    def logprobs(self, pieces: list[str], offset: int) -> dict[str, Any] | None:
        if self.asked.document.get("logprobs") is None or not pieces:
            return None
        return {
            "tokens": pieces,
            "token_logprobs": [logprob(piece) for piece in pieces],
            "top_logprobs": [{piece: logprob(piece)} for piece in pieces],
            "text_offset": list(accumulate(map(len, pieces[:-1]), initial=offset)),
        }

    def head(self) -> dict[str, Any]:
        return {
            "id": f"cmpl-{self.number}",
            "object": "text_completion",
            "created": CREATED,
            "model": self.asked.model,
            "system_fingerprint": None,
        }

    def usage(self) -> dict[str, int]:
        cost = self.spoken.cost or Cost(self.asked.words, sum(len(choice.words) for _, choice in self.choices))
        return {
            "prompt_tokens": cost.prompt,
            "completion_tokens": cost.completion,
            "total_tokens": cost.prompt + cost.completion,
        }


def _pieces(echoed: str, choice: Choice) -> list[str]:
    return [*([echoed] if echoed else []), *choice.words]


def _sse(document: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()
