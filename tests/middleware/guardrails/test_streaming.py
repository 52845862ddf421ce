"""Rules over a stream: nothing that breaks one is passed on, and nothing else is changed or waits long."""

import json

import pytest

from middleware.messages import Channel
from proxy.wire.chat import ChatChunk, ChatCompletion
from tests.middleware.guardrails.replies import REFUSAL, Guarded, calling, delta, pieces, rule, watching

KEY = rule(r"key-[a-z]{8}")


def whole(chunks: list[ChatChunk]) -> ChatCompletion:
    completion = ChatChunk.join(chunks)
    assert isinstance(completion, ChatCompletion)
    return completion


@pytest.mark.parametrize("cut", range(1, 30))
async def test_a_secret_is_masked_wherever_it_is_cut(cut: int) -> None:
    text = "take key-abcdefgh with you"
    guarded = Guarded(pieces(text[:cut], text[cut:]), watching(KEY))
    assert whole(await guarded.all()).text == "take *** with you"
    assert guarded.most_held <= KEY_LONGEST


KEY_LONGEST = len("key-abcdefgh")


async def test_what_nothing_was_found_in_keeps_its_bytes() -> None:
    chunks = pieces("the k", "ey to", " all of this is patience", ", k", "e", "y-", "word")
    passed = await Guarded(chunks, watching(KEY)).all()
    assert [chunk.data for chunk in passed] == [chunk.data for chunk in chunks if isinstance(chunk, ChatChunk)]


async def test_prose_is_passed_on_at_once() -> None:
    guarded = Guarded(pieces("Wax melts", " at about", " sixty degrees."), watching(KEY))
    seen = [(guarded.read, chunk.text) async for chunk in guarded.guarding(guarded.source())]
    assert seen == [(1, ""), (2, "Wax melts"), (3, " at about"), (4, " sixty degrees."), (5, "")]


async def test_a_large_piece_is_let_go_up_to_what_may_still_become_a_match() -> None:
    text = "x" * 1_000
    guarded = Guarded(pieces(f"{text} key-abc", "defgh."), watching(KEY))
    passed = await guarded.all()
    assert guarded.most_held <= KEY_LONGEST
    assert passed[1].text == f"{text} "
    assert whole(passed).text == f"{text} ***."


async def test_what_is_blocked_ends_the_stream_in_good_order() -> None:
    guarded = Guarded(pieces("take ", "key-abcd", "efgh", " and more", " and more"), watching(KEY, action="block"))
    passed = await guarded.all()
    answer = whole(passed)
    assert "key-" not in "".join(chunk.text for chunk in passed)
    assert answer.text.startswith("take ")
    assert answer.text.endswith(REFUSAL)
    assert list(answer.finish_reasons) == ["content_filter"]
    # Nobody reads on.
    assert guarded.read < len(guarded.came)
    assert guarded.findings.blocked


async def test_arguments_of_tools_are_looked_at_too() -> None:
    guarded = Guarded(calling('{"text": "ke', "y-abcdefg", 'h", "to"', ': "ada"}'), watching(KEY))
    (call,) = whole(await guarded.all()).calls
    assert call.arguments == '{"text": "***", "to": "ada"}'


async def test_escapes_in_arguments_hide_nothing() -> None:
    guarded = Guarded(calling('{"text": "\\u006b', "ey-abcdefgh", '"}'), watching(KEY))
    (call,) = whole(await guarded.all()).calls
    assert call.arguments == '{"text": "***"}'


@pytest.mark.parametrize("cut", range(1, 20))
async def test_a_number_is_replaced_by_a_string(cut: int) -> None:
    text = '{"card": 4111111111, "to": "ada"}'
    number = rule(r"\b41\d{8}\b", replacement='the "card"')
    (call,) = whole(await Guarded(calling(text[:cut], text[cut:]), watching(number)).all()).calls
    assert json.loads(call.arguments) == {"card": 'the "card"', "to": "ada"}


async def test_choices_are_looked_at_each_for_itself() -> None:
    first, second = pieces("key-", "abcdefgh", choice=0), pieces("so ", "key-", "words", choice=1)
    mixed = [chunk for pair in zip(first, second[:4], strict=True) for chunk in pair] + second[4:]
    guarded = Guarded(mixed, watching(KEY))
    assert whole(await guarded.all()).texts == ["***", "so key-words"]


async def test_reasoning_and_refusals_are_looked_at() -> None:
    chunks = [
        delta({"role": "assistant", "reasoning_content": "it is key-"}),
        delta({"reasoning_content": "abcdefgh"}),
        delta({"refusal": "I keep key-abcdefgh."}),
        delta({}, "stop"),
    ]
    passed = await Guarded(chunks, watching(KEY)).all()
    said: dict[str, str] = {}
    for chunk in passed:
        for channel, text in chunk.pieces:
            said[channel.kind] = said.get(channel.kind, "") + text
    assert said == {"reasoning": "it is ***", "refusal": "I keep ***."}


async def test_one_chunk_that_says_and_calls_is_taken_apart_only_where_it_must_be() -> None:
    call = {"index": 0, "id": "call-1", "function": {"name": "save", "arguments": '{"a": "key-abcdefgh"}'}}
    calm = delta({"content": "saved", "tool_calls": [{**call, "function": {"name": "save", "arguments": "{}"}}]})
    (passed, _) = await Guarded([calm, delta({}, "tool_calls")], watching(KEY)).all()
    assert passed.data == calm.data
    answer = whole(
        await Guarded([delta({"content": "saved", "tool_calls": [call]}, "tool_calls")], watching(KEY)).all()
    )
    assert answer.text == "saved"
    assert [each.arguments for each in answer.calls] == ['{"a": "***"}']


async def test_what_waits_at_the_end_is_let_go() -> None:
    guarded = Guarded(pieces("the end is key-abc"), watching(KEY))
    passed = await guarded.all()
    assert whole(passed).text == "the end is key-abc"
    assert passed[-1].deltas[0].finish_reason == "stop"


async def test_a_match_that_goes_on_is_swallowed_whole() -> None:
    token = rule(r"\btok_[a-z]{4}", rest="[a-z]")
    guarded = Guarded(pieces("a tok_", "abcd", "efgh" * 50, "ijk", " b"), watching(token))
    passed = await guarded.all()
    assert whole(passed).text == "a *** b"


async def test_probabilities_of_words_that_are_gone_go_with_them() -> None:
    logprobs = {"content": [{"token": "key-abcdefgh", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}
    chunks = [delta({"content": "key-abcdefgh"}, logprobs=logprobs), delta({"content": " yes"}, logprobs=logprobs)]
    first, second = await Guarded(chunks, watching(rule("key-[a-z]{8}"))).all()
    assert b"key-" not in first.data
    assert second.data == chunks[1].data


async def test_what_was_found_is_on_record_without_its_words() -> None:
    guarded = Guarded(pieces("take key-", "abcdefgh", ", key-abcdefgh"), watching(KEY))
    await guarded.all()
    fact = guarded.findings.fact()
    assert fact is not None
    assert (fact.verdict, fact.rules, fact.places, fact.counts) == ("rewrite", ("test",), ("answer",), (2,))
    assert "abcdefgh" not in str(fact)
    assert "take" in fact.evidence[0]


async def test_a_whole_answer_says_the_refusal_in_the_choice_that_is_blocked() -> None:
    answer = ChatCompletion.saying("here: key-abcdefgh", model="m").chunk()
    (passed,) = await Guarded([answer], watching(KEY, action="block")).all()
    assert passed.whole
    refused = whole([passed])
    assert refused.text == REFUSAL
    assert list(refused.finish_reasons) == ["content_filter"]


async def test_a_whole_answer_is_masked() -> None:
    answer = ChatCompletion.saying("here: key-abcdefgh", model="m").chunk()
    (passed,) = await Guarded([answer], watching(KEY)).all()
    assert passed.text == "here: ***"
    assert passed.pieces[0].channel == Channel(0, "text")


async def test_what_waits_is_passed_on_where_no_chunk_says_that_the_answer_has_ended() -> None:
    unended = pieces("go on", " to the k", "ey")[:-1]
    assert whole(await Guarded(unended, watching(KEY)).all()).text == "go on to the key"


async def test_what_waits_for_an_end_that_is_never_said_is_looked_at() -> None:
    unended = pieces("take ", "id-", "123")[:-1]
    guarded = Guarded(unended, watching(rule("id-[0-9]{1,5}"), action="block"))
    answer = whole(await guarded.all())
    assert answer.text == f"take {REFUSAL}"
    assert list(answer.finish_reasons) == ["content_filter"]
