"""What an API is to the benchmark: two requests of an agent's turn, one for a stream, and their answers as bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Api:
    """`asks`: a question with a tool, then the follow-up with its result. `calls_tool` and `says` answer the two.

    Requests lack their `model`; a stream's is asked for by `asks_streamed`.
    """

    name: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    asks: Sequence[Document]
    asks_streamed: Document
    brings_result: bytes
    """What stands in a request that brings a tool's result, and in no other."""
    calls_tool: bytes
    says: bytes
    events: Sequence[bytes]
    events_with_usage: Sequence[bytes]
    """Those for a client that asks for token counts, where that makes a difference."""
    words: int
    """How often a stream says the word, repetitions at its end included."""
    last_event: bytes
    """What the last event of a stream that is complete begins with."""


def written(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def event(document: Document) -> bytes:
    return b"data: " + written(document) + b"\n\n"


def named_event(document: Document) -> bytes:
    """An event that says its type twice, as Responses and Messages do."""
    return b"event: " + str(document["type"]).encode() + b"\n" + event(document)
