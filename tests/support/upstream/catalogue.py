"""The routes beside the chat: the list of models, embeddings, and an echo for whatever else is asked."""

import base64
import hashlib
import struct
from collections.abc import Sequence
from typing import Any

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.chat import CREATED
from tests.support.upstream.failures import error
from tests.support.upstream.received import Received


def listing(models: Sequence[str], request: Received) -> Answer:
    """`GET /v1/models`, and one of them by its name."""
    entries = {name: {"id": name, "object": "model", "created": CREATED, "owned_by": "upstream"} for name in models}
    wanted = request.path.partition("/models")[2].removeprefix("/")
    if not wanted:
        return document({"object": "list", "data": list(entries.values())})
    if wanted not in entries:
        return error(404, f"The model '{wanted}' does not exist")(request)
    return document(entries[wanted])


def embeddings(request: Received) -> Answer:
    """Texts or token ids, one or many, as floats or base64; a vector depends on nothing but its input."""
    asked = request.json()
    inputs = asked["input"]
    single = isinstance(inputs, str) or (isinstance(inputs, list) and bool(inputs) and isinstance(inputs[0], int))
    inputs = [inputs] if single else inputs
    packed = asked.get("encoding_format") == "base64"
    data = []
    for index, each in enumerate(inputs):
        vector = _vector(each, asked.get("dimensions") or 8)
        embedding: Any = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if packed else vector
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    tokens = sum(len(each) if isinstance(each, list) else len(each.split()) for each in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return document({"object": "list", "model": asked["model"], "data": data, "usage": usage})


def echo(request: Received) -> Answer:
    """The body as it came, with its content type; method and target in headers of their own."""
    kind = request.header("content-type") or "application/octet-stream"
    headers = (("content-type", kind), ("x-echo-method", request.method), ("x-echo-target", request.target))
    return Answer(headers=headers, steps=(request.body,))


def _vector(each: str | list[int], dimensions: int) -> list[float]:
    seed = repr(each).encode()
    return [hashlib.sha256(seed + str(i).encode()).digest()[0] / 256 for i in range(dimensions)]
