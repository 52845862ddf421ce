"""openai-python's own tests of the API, run from its source distribution.

They want an upstream that answers every route with a fitting document: the few beside the chat are scripted here.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Endpoint
from tests.support.environments import Environments
from tests.support.proxy import UPSTREAM_KEY
from tests.support.upstream import CHAT, Answer, Received, Upstream, document, in_thread, obliging

LOCKS = Path(__file__).parent / "requirements"
CHOSEN = ["api_resources/chat", "api_resources/test_embeddings.py", "api_resources/test_models.py"]
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


def page(entry: dict[str, Any]) -> Answer:
    return document({"object": "list", "data": [entry], "first_id": None, "last_id": None, "has_more": False})


def listed_or_asked(request: Received) -> Answer:
    return page(COMPLETION)(request) if request.method == "GET" else obliging(request)


def kept_or_deleted(kept: dict[str, Any], kind: str, request: Received) -> Answer:
    if request.method == "DELETE":
        return document({"id": kept["id"], "object": kind, "deleted": True})
    return document(kept)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with in_thread(Upstream(key=UPSTREAM_KEY)) as upstream:
        upstream.always(listed_or_asked)
        upstream.always(lambda asked: kept_or_deleted(COMPLETION, "chat.completion.deleted", asked), to=STORED)
        upstream.always(page(MESSAGE), to=f"{STORED}/messages")
        for model in ("gpt-6-astra", "ft:gpt-4o-mini:acemeco:suffix:abc123"):
            upstream.always(lambda asked: kept_or_deleted(MODEL, "model", asked), to=f"/v1/models/{model}")
        vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
        usage = {"prompt_tokens": 9, "total_tokens": 9}
        # Numbers even when base64 is asked: the suite's strict half takes nothing else.
        upstream.always(
            document({"object": "list", "model": "small", "data": [vector], "usage": usage}), to="/v1/embeddings"
        )
        yield upstream


def test_openai_python_passes_its_own_tests(environments: Environments, endpoint: Endpoint) -> None:
    sources = environments.sources(LOCKS / "openai-sources.txt", builder=LOCKS / "openai-suite.txt")
    python = environments.python(LOCKS / "openai-suite.txt")
    (conftest,) = sources.glob("tests/conftest.py")
    conftest.write_text(re.sub(r'(?m)^api_key = ".*"$', f'api_key = "{endpoint.key}"', conftest.read_text()))

    options = ["-o", "addopts=", "-p", "no:cacheprovider", "-q", "--tb=short"]
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
    assert re.search(r"^\d{3} passed in ", done.stdout, re.MULTILINE), done.stdout[-1000:]
