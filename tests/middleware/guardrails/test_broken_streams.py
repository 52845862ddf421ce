"""Rules over a stream that breaks off: what was decided has left, and nothing else does."""

from typing import Literal

import pytest

from burnish.testing import exchange, fails, request, run
from middleware.guardrails import Guardrails
from middleware.messages import Chunk
from tests.middleware.guardrails.replies import Guarded, delta, rule, watching
from tests.middleware.guardrails.steps import KEY, SECRET, guardrails


class Broke(Exception):
    pass


def guarding(action: str = "rewrite") -> Guardrails:
    return guardrails(rules={"key": {**KEY, "action": action}})


async def given_out(
    step: Guardrails, *pieces: str, on_error: Literal["open", "closed"] = "closed"
) -> tuple[str, bool, bool]:
    """What a client read, whether the stream broke under it, and whether it ended as filtered."""
    given = exchange(request("hello", stream=True))
    reply = await run(step, model=fails(Broke(), after=pieces), given=given, on_error=on_error)
    got: list[Chunk] = []
    broke = False
    try:
        async for chunk in reply:
            got.append(chunk)  # noqa: PERF401  # What came is kept where the next one does not come.
    except Broke:
        broke = True
    filtered = any(each.finish_reason == "content_filter" for chunk in got for each in chunk.deltas)
    return "".join(chunk.text for chunk in got), broke, filtered


@pytest.mark.parametrize("on_error", ["open", "closed"])
@pytest.mark.parametrize(
    ("pieces", "read"),
    [
        (["wax ", "melts"], "wax melts"),
        (["wax key-abcd"], "wax "),
        (["wax ", "key-abcd"], "wax "),
        ([f"wax {SECRET} and key-abcd"], "wax *** and "),
        ([f"wax {SECRET}", " and k"], "wax *** and "),
        (["key-abcdefg"], ""),
    ],
)
async def test_what_was_decided_leaves_before_the_error_and_the_rest_does_not(
    pieces: list[str], read: str, on_error: Literal["open", "closed"]
) -> None:
    assert await given_out(guarding(), *pieces, on_error=on_error) == (read, True, False)


async def test_a_stream_that_was_blocked_before_it_broke_ends_as_filtered() -> None:
    read, broke, filtered = await given_out(guarding("block"), "wax ", f"{SECRET} ", "and more")
    assert (SECRET in read, broke, filtered) == (False, False, True)
    assert read.startswith("wax ")


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
async def test_no_beginning_of_what_is_blocked_leaves_a_stream_that_breaks_within_it(cut: int) -> None:
    assert await given_out(guarding("block"), "wax ", SECRET[:cut]) == ("wax ", True, False)


async def test_what_ends_a_choice_does_not_leave_where_its_last_words_are_blocked() -> None:
    token = rule(r"\btok_[a-z]{4}\b")
    chunks: list[Chunk] = [delta({"content": "a tok_abcd"}), delta({}, "stop")]
    passed = await Guarded(chunks, watching(token, action="block")).all()
    assert [each.finish_reason for chunk in passed for each in chunk.deltas if each.finish_reason] == ["content_filter"]
