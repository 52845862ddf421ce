"""The step alone, against scripted models, whole and streamed."""

import pytest
from burnish_shout import Shout, Shouted, ShoutSettings

from burnish import Services
from burnish.testing import asks_for, exchange, facts, finish, request, run, says

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def shout(suffix: str = "!") -> Shout:
    return Shout(ShoutSettings(suffix=suffix), Services("support"))


@STREAMS
async def test_an_answer_is_shouted_and_ends_in_the_suffix(stream: bool) -> None:
    reply = await run(shout("!!"), model=says("all is", " well"), given=exchange(request(stream=stream)))
    assert (await finish(reply)).text == "ALL IS WELL!!"


async def test_each_piece_leaves_as_it_comes() -> None:
    reply = await run(shout(), model=says("all is", " well"), given=exchange(request(stream=True)))
    assert [chunk.text async for chunk in reply] == ["ALL IS", " WELL", "!"]


@STREAMS
async def test_a_tool_call_passes_untouched(stream: bool) -> None:
    model = asks_for("get_weather", '{"city": "paris"}')
    given = exchange(request(stream=stream))
    completion = await finish(await run(shout(), model=model, given=given))
    assert (completion.text, completion.calls[0].arguments) == ("", '{"city": "paris"}')


@STREAMS
async def test_the_letters_are_counted_as_a_fact_of_the_run(stream: bool) -> None:
    given = exchange(request(stream=stream))
    await finish(await run(shout(), model=says("all is", " well"), given=given))
    assert facts(given, Shouted) == [Shouted(letters=9)]
