"""Whatever is sent as feedback, it is answered clearly, and never with a 500."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.support.asgi import AsgiClient
from tests.support.indexing import index
from tests.support.oddities import near, written
from tests.support.proxy import AGENT, Proxy, proxied
from tests.support.runs import a_run
from tests.support.upstream import Upstream

RUN: Final = "0" * 32
FIELDS: Final = (
    "run_id", "response_id", "thumbs", "rating", "correction", "preferred_over", "score", "comment", "rater", "token",
    "idempotency_key", "name", "value", "source", "rationale", "version",
)  # fmt: skip
WHOLE: Final[dict[str, Any]] = {
    "run_id": RUN,
    "thumbs": "up",
    "rating": 4,
    "correction": "So.",
    "score": {"name": "x", "value": 0.5, "source": "judge", "rationale": "why"},
    "comment": "Hm.",
    "rater": "ada",
    "idempotency_key": "1",
}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    async with Upstream() as upstream, proxied(upstream, tmp_path, agent={"feedback": {"secret": "a secret"}}) as proxy:
        index(proxy.records)
        proxy.worker.feedback.note(a_run(1, id=RUN, agent=AGENT, ended_ns=time.time_ns()))
        yield proxy


@settings(deadline=None, max_examples=800, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=written(near(WHOLE, FIELDS)))
@example(body=b"")
@example(body=b"[]")
@example(body=b'{"score":' + b"[" * 5000 + b"]" * 5000 + b"}")
@example(body=b'{"run_id":"\\u0000","rating":1,"rater":"\\u0000"}')
async def test_any_body_is_answered(proxy: Proxy, body: bytes) -> None:
    heard = await AsgiClient(proxy).ask(body, target="/v1/feedback")
    assert heard.ended
    assert heard.status in (200, 201, 400, 404, 422, 429), heard
    if heard.status >= 400:
        assert heard.json()["error"]["message"]
        assert heard.json()["error"]["code"]
