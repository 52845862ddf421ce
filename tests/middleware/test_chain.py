"""The chain: order, facts, and what becomes of a call when a step fails, whole and streamed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from burnish.testing import ScriptedModel, exchange, fails, finish, request, run, says
from middleware.chain import StepFailed
from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.protocol import Handler
from middleware.reply import EmptyReply, Reply
from proxy.wire.convert.pieces import Api

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.parametrize("api", ["chat", "responses", "messages"]),
]
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@dataclass(frozen=True, slots=True)
class Noted:
    word: str


class Redact:
    """Masks a word, however the stream cuts it; holds back one character less than the word."""

    def __init__(self, word: str) -> None:
        self.word = word

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        return (await call_next(exchange)).transform(self.mask)

    async def mask(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        held = ""
        async for chunk in chunks:
            if not chunk.deltas:
                yield chunk
                continue
            text = (held + chunk.text).replace(self.word, "***")
            ends = chunk.whole or any(delta.finish_reason for delta in chunk.deltas)
            keep = 0 if ends else self._prefix(text)
            held = text[len(text) - keep :]
            yield chunk.with_text(text[: len(text) - keep])

    def _prefix(self, text: str) -> int:
        return max((n for n in range(1, len(self.word)) if text.endswith(self.word[:n])), default=0)


class Note:
    def __init__(self, word: str) -> None:
        self.word = word

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        exchange.record(Noted(self.word))
        return await call_next(exchange.with_request(exchange.request.with_message("user", self.word)))


class BreaksBefore:
    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        raise ValueError("before")


class BreaksAfter:
    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        await call_next(exchange)
        raise ValueError("after")


class BreaksWithin:
    """Passes the first chunk on, takes the second, and fails."""

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        return (await call_next(exchange)).transform(self.stage)

    async def stage(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        count = 0
        async for chunk in chunks:
            count += 1
            if chunk.whole or count == 2:
                raise ValueError("within")
            yield chunk


@STREAMS
async def test_secret_split_over_chunks_is_masked(api: Api, stream: bool) -> None:
    reply = await run(Redact("secret"), model=says("my sec", "ret is"), given=exchange(request(stream=stream, api=api)))
    assert (await reply.collect()).text == "my *** is"


@STREAMS
async def test_steps_run_in_order_and_the_model_sees_the_edits_of_all(api: Api, stream: bool) -> None:
    model = says("ok")
    await finish(
        await run(Note("one"), Note("two"), model=model, given=exchange(request("zero", stream=stream, api=api)))
    )
    assert [message.text for message in model.asked[0].request.messages] == ["zero", "one", "two"]


async def test_facts_are_kept_with_the_step_that_recorded_them(api: Api) -> None:
    given = exchange(request(api=api))
    await run(Note("one"), Note("two"), given=given)
    assert [(step.name, step.facts) for step in given.log.steps] == [  # type: ignore[attr-defined]
        ("step1", [Noted("one")]),
        ("step2", [Noted("two")]),
    ]
    assert given.fact(Noted) == Noted("one")


@STREAMS
@pytest.mark.parametrize("step", [BreaksBefore(), BreaksAfter(), BreaksWithin()], ids=["before", "after", "within"])
async def test_a_step_that_fails_open_does_not_cost_the_answer(api: Api, step: object, stream: bool) -> None:
    given = exchange(request(stream=stream, api=api))
    reply = await run(step, model=says("all ", "is ", "well"), given=given, on_error="open")  # type: ignore[arg-type]
    assert (await finish(reply)).text == "all is well"
    assert given.log.steps[0].error.startswith("ValueError")  # type: ignore[attr-defined]


@pytest.mark.parametrize("step", [BreaksBefore(), BreaksAfter()], ids=["before", "after"])
async def test_a_step_that_fails_closed_fails_the_call_and_is_named(api: Api, step: object) -> None:
    with pytest.raises(StepFailed, match="'step1'"):
        await run(step, given=exchange(request(api=api)), on_error="closed")  # type: ignore[arg-type]


@STREAMS
async def test_a_stage_that_fails_closed_breaks_the_reply(api: Api, stream: bool) -> None:
    reply = await run(BreaksWithin(), model=says("a", "b"), given=exchange(request(stream=stream, api=api)))
    with pytest.raises(StepFailed, match="'step1'"):
        await reply.collect()


async def test_an_error_of_the_upstream_is_not_taken_for_the_steps_own(api: Api) -> None:
    class Broke(Exception):
        pass

    given = exchange(request(stream=True, api=api))
    reply = await run(Redact("x"), model=fails(Broke(), after=["a"]), given=given, on_error="open")
    with pytest.raises(Broke):
        await reply.collect()
    assert given.log.steps[0].error is None  # type: ignore[attr-defined]


async def test_a_step_that_is_skipped_is_not_called(api: Api) -> None:
    reply = await run(BreaksBefore(), given=exchange(request(api=api), skips=["step1"]))
    assert (await reply.collect()).text == "hello"


async def test_closing_a_reply_closes_the_upstream_through_every_stage(api: Api) -> None:
    model = says("a", "b", "c")
    reply = await run(Redact("x"), Redact("y"), model=model, given=exchange(request(stream=True, api=api)))
    async for _ in reply:
        break
    await reply.aclose()
    assert model.closed == 1


async def test_a_collected_reply_can_be_read_again(api: Api) -> None:
    reply = await run(model=says("once"), given=exchange(request(api=api)))
    assert (await reply.collect()).text == "once"
    assert (await reply.collect()).text == "once"


async def test_a_reply_without_chunks_is_an_error_not_an_empty_answer(api: Api) -> None:
    async def nothing() -> AsyncIterator[Chunk]:
        return
        yield

    with pytest.raises(EmptyReply):
        await Reply(nothing()).collect()


async def test_transforms_leave_error_replies_alone(api: Api) -> None:
    reply = await run(BreaksWithin(), model=ScriptedModel("no", status=400), given=exchange(request(api=api)))
    assert [chunk.text async for chunk in reply] == ["no"]
