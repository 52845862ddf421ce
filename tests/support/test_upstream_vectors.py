"""The scripted provider embeds whatever it is given, always to the same vectors."""

import base64
import math
import struct
from typing import Any

import pytest

from tests.support.asking import Session
from tests.support.upstream import EMBEDDINGS


async def embedded(client: Session, given: Any, **asked: Any) -> Any:
    async with client.post(EMBEDDINGS, json={"model": "e", "input": given, **asked}) as response:
        return await response.json()


async def vectors(client: Session, given: Any, **asked: Any) -> list[Any]:
    return [each["embedding"] for each in (await embedded(client, given, **asked))["data"]]


async def test_texts_and_token_ids_are_embedded_one_or_many(client: Session) -> None:
    (text,) = await vectors(client, "a b")
    (tokens,) = await vectors(client, [1, 2])
    assert await vectors(client, ["c", "a b"]) == [(await vectors(client, "c"))[0], text]
    assert await vectors(client, [[1, 2], [3]]) == [tokens, (await vectors(client, [3]))[0]]
    assert text != tokens


async def test_a_vector_has_the_dimensions_asked_for_and_the_length_1(client: Session) -> None:
    (vector,) = await vectors(client, "a", dimensions=100)
    assert len(vector) == 100
    assert math.isclose(sum(value * value for value in vector), 1)


async def test_base64_packs_the_same_numbers(client: Session) -> None:
    (plain,) = await vectors(client, "a", encoding_format="float")
    (packed,) = await vectors(client, "a", encoding_format="base64")
    assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(plain)


async def test_the_usage_of_texts_is_their_words_and_of_token_ids_their_number(client: Session) -> None:
    assert (await embedded(client, ["a b", "c"]))["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert (await embedded(client, [[1, 2], [3, 4]]))["usage"]["total_tokens"] == 4


@pytest.mark.parametrize("given", [[], "", None, [1, "a"], [["a"]], {"text": "a"}])
async def test_what_is_neither_is_refused(client: Session, given: Any) -> None:
    assert (await embedded(client, given))["error"]["param"] == "input"
