"""Between the embeddings documents of our clients and what litellm takes and gives."""

import base64
import struct
from typing import Any, Final

import orjson

from proxy.errors import BadRequest
from proxy.upstreams.litellm.documents import fields_for
from proxy.wire.embeddings import EmbeddingsChunk
from records import JsonValue

_FIELDS: Final = frozenset({"dimensions", "encoding_format", "input", "input_type", "task_type", "user"})
_TOKEN_IDS: Final = frozenset({"azure", "hosted_vllm", "litellm_proxy", "openai"})
"""litellm's names of the providers that take token ids. Others embed each number as a text, or fail."""


def arguments_of(body: bytes, provider: str, litellm: str) -> dict[str, JsonValue]:
    """The keyword arguments for `aembedding`, without `model`. Raises `BadRequest`."""
    fields = fields_for(body, provider, _FIELDS)
    # Most providers know numbers alone: base64 is written here.
    fields.pop("encoding_format", None)
    given = fields["input"]
    if litellm not in _TOKEN_IDS and isinstance(given, list) and not all(isinstance(each, str) for each in given):
        raise BadRequest(
            f"input: provider {provider!r} is reached through litellm, which is given texts alone; send no token ids",
            param="input",
            code="invalid_type",
        )
    return fields


def whole(response: Any, asked: bytes) -> EmbeddingsChunk:
    """The list of embeddings, in the encoding that was `asked` for."""
    packed = orjson.loads(asked).get("encoding_format") == "base64"
    data = []
    for index, item in enumerate(response.data):
        vector = item["embedding"]
        data.append(
            {
                "object": "embedding",
                "index": item.get("index", index),
                "embedding": _packed(vector) if packed and isinstance(vector, list) else vector,
            }
        )
    usage = response.usage
    counts = {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.total_tokens} if usage else None
    return EmbeddingsChunk(orjson.dumps({"object": "list", "data": data, "model": response.model, "usage": counts}))


def _packed(vector: list[float]) -> str:
    """As OpenAI packs them: 32-bit floats, little-endian."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
