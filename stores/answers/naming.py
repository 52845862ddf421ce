"""How answers are written into Chroma, whichever way it is spoken to."""

import hashlib
from typing import Final

import msgspec

from stores.answers import Answer, Collection

COSINE: Final = {"hnsw": {"space": "cosine"}}
_KEY: Final = "answer"
_decode: Final = msgspec.json.Decoder(Answer).decode
_encode: Final = msgspec.json.Encoder().encode


def name_of(collection: Collection) -> str:
    """By digest: what Chroma takes as a name is narrower than what a tenant may be called."""
    told = "\0".join(map(str, collection))
    return f"burnish-{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"


def labels_of(collection: Collection) -> dict[str, str]:
    """For people who look into Chroma."""
    return {"tenant": collection.tenant, "agent": collection.agent, "space": collection.space}


def metadata_of(answer: Answer) -> dict[str, str]:
    return {_KEY: _encode(answer).decode()}


def answer_of(metadata: dict[str, str]) -> Answer:
    return _decode(metadata[_KEY])
