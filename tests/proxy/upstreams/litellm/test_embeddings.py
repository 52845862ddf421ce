"""Embeddings of a provider behind litellm, against an upstream that litellm speaks to as to Voyage."""

import asyncio
import base64
import json
import struct
import time
from typing import Any

import pytest

from burnish.testing import exchange
from middleware.messages import Completion
from proxy.errors import ApiError, BadRequest
from proxy.upstreams.litellm.embeddings import arguments_of
from proxy.wire.completions import CompletionsRequest
from proxy.wire.embeddings import EmbeddingsRequest
from tests.proxy.upstreams.behind import Behind
from tests.support.upstream import EMBEDDINGS, Upstream, error, never

pytestmark = pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier:UserWarning")  # litellm's types, in pydantic.

KEY = "pa-0123456789"


class Voyage(Behind):
    """The same agent, whose model `fast` is voyage-4 behind litellm."""

    async def embed(self, given: Any, **fields: Any) -> Completion:
        body = json.dumps({"model": "fast", "input": given, **fields}).encode()
        provider = {"litellm": "voyage", "api_key": KEY}
        router = self.router(provider=provider, model={"model": "voyage-4", "retries": {"max": 0}})
        return await self.ask(router, exchange().with_request(EmbeddingsRequest.read(body)))


@pytest.fixture
def voyage(behind: Behind, upstream: Upstream) -> Voyage:
    upstream.key = KEY
    return Voyage(behind.base_url, behind.pool)


async def test_texts_are_embedded(voyage: Voyage, upstream: Upstream) -> None:
    completion = await voyage.embed(["a", "b c"], dimensions=3)
    (request,) = upstream.requests
    assert request.json() == {"model": "voyage-4", "input": ["a", "b c"], "output_dimension": 3}
    document = json.loads(completion.body)
    assert [(item["object"], item["index"]) for item in document["data"]] == [("embedding", 0), ("embedding", 1)]
    assert all(isinstance(number, float) for item in document["data"] for number in item["embedding"])
    assert (completion.model, document["object"]) == ("voyage-4", "list")
    assert completion.usage is not None
    assert (completion.usage.input, document["usage"]) == (3, {"prompt_tokens": 3, "total_tokens": 3})


async def test_a_client_that_asks_for_base64_gets_it(voyage: Voyage, upstream: Upstream) -> None:
    """As openai-python does unless told otherwise, and most providers cannot."""
    numbers = json.loads((await voyage.embed("a", encoding_format="float")).body)["data"][0]["embedding"]
    packed = json.loads((await voyage.embed("a", encoding_format="base64")).body)["data"][0]["embedding"]
    assert struct.unpack(f"<{len(numbers)}f", base64.b64decode(packed)) == pytest.approx(numbers)
    assert all("encoding_format" not in request.json() for request in upstream.requests)


async def test_the_attempt_is_recorded(voyage: Voyage) -> None:
    await voyage.embed("a")
    (attempt,) = voyage.attempts
    assert (attempt.provider, attempt.model, attempt.status, attempt.error) == ("local", "voyage-4", 200, None)


@pytest.mark.parametrize("given", [[1, 2], [[1], [2]]])
async def test_token_ids_are_refused_where_they_would_be_embedded_as_texts(
    voyage: Voyage, upstream: Upstream, given: Any
) -> None:
    with pytest.raises(BadRequest, match="send no token ids") as refused:
        await voyage.embed(given)
    assert refused.value.param == "input"
    assert upstream.requests == []


def test_token_ids_go_to_providers_that_take_them() -> None:
    body = b'{"model": "m", "input": [[1, 2]], "encoding_format": "base64", "user": null}'
    assert arguments_of(body, "azure-west", "azure") == {"input": [[1, 2]]}


async def test_a_client_cannot_steer_litellm(voyage: Voyage, upstream: Upstream) -> None:
    with pytest.raises(BadRequest, match="is not given 'api_base'"):
        await voyage.embed("a", api_base="http://evil.example")
    assert upstream.requests == []


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_the_providers_status_and_message_are_kept(voyage: Voyage, upstream: Upstream, status: int) -> None:
    upstream.reply(error(status, "Not like this."), to=EMBEDDINGS)
    with pytest.raises(ApiError) as raised:
        await voyage.embed("a")
    assert (raised.value.status, raised.value.message) == (status, "Not like this.")
    assert voyage.attempts[0].status == status


async def test_a_client_that_leaves_closes_the_upstream_at_once(voyage: Voyage, upstream: Upstream) -> None:
    upstream.reply(never(), to=EMBEDDINGS)
    call = asyncio.ensure_future(voyage.embed("a"))
    received = await upstream.received()
    since = time.monotonic()
    call.cancel()
    await received.left.wait()
    assert received.left.opened_at is not None
    assert received.left.opened_at - since < 1.0
    with pytest.raises(asyncio.CancelledError):
        await call
    assert voyage.attempts[0].error == "cancelled by the client"


async def test_text_completions_are_refused_with_what_to_do(voyage: Voyage, upstream: Upstream) -> None:
    given = exchange().with_request(CompletionsRequest.read(b'{"model": "fast", "prompt": "Once"}'))
    with pytest.raises(ApiError, match="which has no completions; use /v1/chat/completions") as raised:
        await voyage.ask(voyage.router(provider={"litellm": "voyage", "api_key": KEY}), given)
    assert (raised.value.status, raised.value.code) == (404, "unsupported_api")
    assert upstream.requests == []
