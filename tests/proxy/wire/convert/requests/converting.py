"""Requests as documents, converted: what the upstream is sent, and what it is not told."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from proxy.errors import BadRequest
from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request

Document = dict[str, Any]


def sent(
    document: Document,
    source: Api,
    target: Api,
    *,
    earlier: Sequence[Any] = (),
    plain_reasoning: bool = False,
) -> tuple[Document, tuple[str, ...]]:
    """The converted request, and what was left out."""
    converted = convert_request(
        json.dumps(document).encode(),
        source,
        target,
        earlier=[json.dumps(items).encode() for items in earlier],
        plain_reasoning=plain_reasoning,
    )
    found: Document = json.loads(converted.body)
    return found, converted.dropped


def refusal(document: Document, source: Api, target: Api) -> BadRequest:
    """Why a request is not converted."""
    with pytest.raises(BadRequest) as caught:
        convert_request(json.dumps(document).encode(), source, target)
    return caught.value


def chat(*messages: Document, **fields: Any) -> Document:
    return {"model": "m", "messages": list(messages), **fields}


def responses(*items: Document, **fields: Any) -> Document:
    return {"model": "m", "input": list(items), **fields}


def messages(*turns: Document, **fields: Any) -> Document:
    return {"model": "m", "max_tokens": 100, "messages": list(turns), **fields}


def user(content: Any) -> Document:
    return {"role": "user", "content": content}


def assistant(content: Any, **fields: Any) -> Document:
    return {"role": "assistant", "content": content, **fields}


HI = user("hi")
