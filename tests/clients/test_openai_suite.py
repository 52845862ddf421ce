"""openai-python's own tests of the API, run from its source distribution.

They want an upstream that answers every route with a fitting document, whatever is in the request: those that are more
obliging than any provider is are scripted here.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.running import Endpoint
from tests.support.environments import Environments
from tests.support.proxy import UPSTREAM_KEY
from tests.support.upstream import (
    CHAT,
    COMPACT,
    EMBEDDINGS,
    INPUT_TOKENS,
    RESPONSES,
    Answer,
    Received,
    Upstream,
    document,
    in_thread,
    obliging,
)

LOCKS = Path(__file__).parent / "requirements"
CHOSEN = [
    f"api_resources/{each}"
    for each in (
        "chat",
        "responses",
        "test_completions.py",
        "test_embeddings.py",
        "test_models.py",
        "test_responses.py",
    )
]
SERVABLE = "not (test_responses and create_overload) or with_all_params"
"""Some ask for a response to nothing by no model, which the API refuses; only a server made of its schema answers."""
STORED = f"{CHAT}/completion_id"
MODEL: dict[str, Any] = {"id": "gpt-6-astra", "object": "model", "created": 1, "owned_by": "upstream"}
MESSAGE: dict[str, Any] = {"id": "chatcmpl-1-0", "role": "assistant", "content": "Hello.", "refusal": None}
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-6-astra",
    "choices": [{"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}],
}

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-6-astra",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": None,
    "temperature": None,
    "top_p": None,
}
ITEM: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_text", "text": "Hello."}],
}
COMPACTED: dict[str, Any] = {
    "id": "resp_2",
    "object": "response.compaction",
    "created_at": 1,
    "output": [],
    "usage": {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2,
    },
}
KEPT = f"{RESPONSES}/resp_677efb5139a88190b512bc3fef8e535d"


def page(entry: dict[str, Any]) -> Answer:
    return document({"object": "list", "data": [entry], "first_id": None, "last_id": None, "has_more": False})


def listed_or_asked(request: Received) -> Answer:
    return page(COMPLETION)(request) if request.method == "GET" else obliging(request)


def kept_or_deleted(kept: dict[str, Any], kind: str, request: Received) -> Answer:
    if request.method == "DELETE":
        return document({"id": kept["id"], "object": kind, "deleted": True})
    return document(kept)


def whole_or_streamed(request: Received) -> Answer:
    """A response, as it is asked for in the body or in the query."""
    if "stream=true" not in request.query and b'"stream":true' not in request.body.replace(b" ", b""):
        return kept_or_deleted(RESPONSE, "response", request)
    last = {"type": "response.completed", "sequence_number": 0, "response": {**RESPONSE, "status": "completed"}}
    event = f"event: response.completed\ndata: {json.dumps(last)}\n\n".encode()
    return Answer(headers=(("content-type", "text/event-stream"),), steps=(event,), streamed=True)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with in_thread(Upstream(key=UPSTREAM_KEY)) as upstream:
        upstream.always(listed_or_asked)
        upstream.always(lambda asked: kept_or_deleted(COMPLETION, "chat.completion.deleted", asked), to=STORED)
        upstream.always(page(MESSAGE), to=f"{STORED}/messages")
        for model in ("gpt-6-astra", "ft:gpt-4o-mini:acemeco:suffix:abc123"):
            upstream.always(lambda asked: kept_or_deleted(MODEL, "model", asked), to=f"/v1/models/{model}")
        for path in (RESPONSES, KEPT, f"{KEPT}/cancel"):
            upstream.always(whole_or_streamed, to=path)
        upstream.always(page(ITEM), to=f"{RESPONSES}/response_id/input_items")
        upstream.always(document({"object": "response.input_tokens", "input_tokens": 9}), to=INPUT_TOKENS)
        upstream.always(document(COMPACTED), to=COMPACT)
        vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
        usage = {"prompt_tokens": 9, "total_tokens": 9}
        # Numbers even when base64 is asked: the suite's strict half takes nothing else.
        upstream.always(document({"object": "list", "model": "small", "data": [vector], "usage": usage}), to=EMBEDDINGS)
        yield upstream


def test_openai_python_passes_its_own_tests(environments: Environments, endpoint: Endpoint) -> None:
    sources = environments.sources(LOCKS / "openai-sources.txt", builder=LOCKS / "openai-suite.txt")
    python = environments.python(LOCKS / "openai-suite.txt")
    (conftest,) = sources.glob("tests/conftest.py")
    conftest.write_text(re.sub(r'(?m)^api_key = ".*"$', f'api_key = "{endpoint.key}"', conftest.read_text()))

    options = ["-o", "addopts=", "-p", "no:cacheprovider", "-q", "--tb=short", "-k", SERVABLE]
    done = subprocess.run(
        [str(python), "-m", "pytest", *options, *(f"tests/{each}" for each in CHOSEN)],
        cwd=sources,
        env={"PATH": os.environ["PATH"], "TEST_API_BASE_URL": endpoint.base_url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"^\d{3} passed, \d+ deselected in ", done.stdout, re.MULTILINE), done.stdout[-1000:]
