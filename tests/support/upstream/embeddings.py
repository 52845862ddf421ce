"""`POST /v1/embeddings`: texts or token ids, one or many; a vector depends on nothing but its input and its length."""

import base64
import hashlib
import math
import struct
from itertools import count, islice
from typing import Any, TypeAlias

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.failures import error, lacks
from tests.support.upstream.received import Received

Input: TypeAlias = str | list[int]


def embeddings(request: Received) -> Answer:
    asked = request.json()
    for name in ("model", "input"):
        if not asked.get(name):
            return lacks(name)(request)
    if (inputs := _inputs(asked["input"])) is None:
        return error(400, "'$.input' is invalid: give strings or token ids.", param="input")(request)
    packed = asked.get("encoding_format") == "base64"
    data = []
    for index, each in enumerate(inputs):
        vector = vector_of(each, asked.get("dimensions") or 8)
        embedding: Any = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if packed else vector
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    tokens = sum(len(each) if isinstance(each, list) else len(each.split()) for each in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return document({"object": "list", "model": asked["model"], "data": data, "usage": usage})


def vector_of(each: Input, dimensions: int) -> list[float]:
    """Of length 1, as OpenAI's are."""
    seed = repr(each).encode()
    drawn = (byte - 127.5 for number in count() for byte in hashlib.sha256(seed + str(number).encode()).digest())
    raw = list(islice(drawn, dimensions))
    length = math.sqrt(sum(value * value for value in raw))
    return [value / length for value in raw]


def _inputs(given: Any) -> list[Input] | None:
    """The inputs one by one; None when they are none of the four kinds."""
    match given:
        case str():
            return [given]
        case [int(), *_] if all(isinstance(token, int) for token in given):
            return [given]
        case [str() | list(), *_] as several if all(_is_input(each) for each in several):
            return list(several)
        case _:
            return None


def _is_input(each: Any) -> bool:
    return isinstance(each, str) or (isinstance(each, list) and all(isinstance(token, int) for token in each))
