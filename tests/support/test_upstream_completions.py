"""The scripted provider answers the legacy completions API."""

import json
from typing import Any

from tests.support.asking import Session
from tests.support.upstream import COMPLETIONS, Broken, Upstream, choices, says

ASKED: dict[str, Any] = {"model": "m", "prompt": "Once upon"}


async def whole(client: Session, **asked: Any) -> Any:
    async with client.post(COMPLETIONS, json={**ASKED, **asked}) as response:
        return await response.json()


async def chunks(client: Session, **asked: Any) -> list[Any]:
    async with client.post(COMPLETIONS, json={**ASKED, "stream": True, **asked}) as response:
        *events, last = (await response.text()).strip().split("\n\n")
    assert last == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events]


async def test_a_text_is_a_document_or_a_stream(upstream: Upstream, client: Session) -> None:
    upstream.always(says(" a", " time").ending_with("length"), to=COMPLETIONS)
    answer = await whole(client)
    assert (answer["object"], answer["choices"][0]["text"]) == ("text_completion", " a time")
    assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    told = [chunk["choices"][0] for chunk in await chunks(client)]
    assert [(each["text"], each["finish_reason"]) for each in told] == [(" a", None), (" time", None), ("", "length")]


async def test_every_prompt_gets_n_choices_and_is_repeated_when_asked(upstream: Upstream, client: Session) -> None:
    upstream.always(choices(says("!"), says("?")), to=COMPLETIONS)
    answer = await whole(client, prompt=["Once", "Twice"], n=2, echo=True)
    assert [(each["index"], each["text"]) for each in answer["choices"]] == [
        (0, "Once!"),
        (1, "Once?"),
        (2, "Twice!"),
        (3, "Twice?"),
    ]
    texts = dict.fromkeys(range(4), "")
    for chunk in await chunks(client, prompt=["Once", "Twice"], n=2, echo=True):
        texts[chunk["choices"][0]["index"]] += chunk["choices"][0]["text"]
    assert list(texts.values()) == ["Once!", "Once?", "Twice!", "Twice?"]


async def test_log_probabilities_stand_where_their_tokens_do(upstream: Upstream, client: Session) -> None:
    upstream.always(says(" a", " time"), to=COMPLETIONS)
    (choice,) = (await whole(client, logprobs=1, echo=True))["choices"]
    assert choice["logprobs"]["tokens"] == ["Once upon", " a", " time"]
    assert choice["logprobs"]["text_offset"] == [0, 9, 11]
    streamed = [chunk["choices"][0]["logprobs"] for chunk in await chunks(client, logprobs=1, echo=True)]
    assert [offset for each in streamed if each for offset in each["text_offset"]] == [0, 9, 11]


async def test_a_stream_tells_its_usage_only_when_asked(upstream: Upstream, client: Session) -> None:
    upstream.always(says("a").costing(7, 5), to=COMPLETIONS)
    assert all("usage" not in chunk for chunk in await chunks(client))
    *others, last = await chunks(client, stream_options={"include_usage": True})
    assert {chunk["usage"] for chunk in others} == {None}
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 12)


async def test_token_ids_are_a_prompt_and_unscripted_the_prompt_is_repeated(client: Session) -> None:
    assert (await whole(client))["choices"][0]["text"] == "You said: Once upon"
    assert len((await whole(client, prompt=[[1, 2], [3]]))["choices"]) == 2
    assert (await whole(client, prompt=None))["error"]["param"] == "prompt"


async def test_an_error_event_in_mid_stream_ends_it(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a", Broken("out of memory"), "b"), to=COMPLETIONS)
    async with client.post(COMPLETIONS, json={**ASKED, "stream": True}) as response:
        *_, last = (await response.text()).strip().split("\n\n")
    assert json.loads(last.removeprefix("data: "))["error"]["message"] == "out of memory"
