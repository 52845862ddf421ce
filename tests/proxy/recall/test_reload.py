"""What a changed configuration does to looking up past answers, in a proxy that goes on serving."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from middleware.recall import RecallFailed
from proxy.config.model import Config
from proxy.recall.current import CurrentDesk
from proxy.recall.desk import RecallDesk
from tests.proxy.recall.conftest import FakeLibrary
from tests.support.ports import free_port
from tests.support.proxy import Proxy, becomes, proxied, settings
from tests.support.upstream import Upstream
from tests.support.upstream.paths import EMBEDDINGS

SHOWS: Final[dict[str, Any]] = {"middleware": [{"retrieval": {"holdout": 0, "drop": 0, "timeout": 10}}]}
EMBEDS: Final[dict[str, Any]] = {"provider": "vectors", "model": "large"}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def other() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


def embedding_at(url: str, key: str = "k", **provider: Any) -> dict[str, Any]:
    return {
        "agent": SHOWS,
        "records": {"embedder": EMBEDS},
        "providers": {"vectors": {"base_url": url, "api_key": key, **provider}},
    }


def use(proxy: Proxy, upstream: Upstream, **written: Any) -> None:
    proxy.worker.use(Config.model_validate(settings(upstream, proxy.records, **written)))


async def problems(proxy: Proxy) -> list[str]:
    found: list[str] = (await proxy.get("/readyz")).json()["problems"]
    return found


def embedded(upstream: Upstream) -> list[tuple[str | None, str]]:
    """Key and model of each request for vectors."""
    return [
        (request.header("authorization"), request.json()["model"])
        for request in upstream.requests
        if request.path == EMBEDDINGS
    ]


async def test_what_is_wrong_with_past_answers_is_no_problem_once_nobody_is_shown_any(
    upstream: Upstream, tmp_path: Path
) -> None:
    written = embedding_at(f"http://127.0.0.1:{free_port()}/v1")
    async with proxied(upstream, tmp_path / "records", **written) as proxy:
        (problem,) = await problems(proxy)
        assert problem.startswith("calls go on without past answers: large of vectors cannot be asked")
        use(proxy, upstream, **{**written, "agent": {"middleware": []}})
        assert await problems(proxy) == []
        assert (await proxy.chat("hello")).status == 200
        use(proxy, upstream, **written)
        await proxy.chat("hello again")
        assert await problems(proxy) == [problem]


async def test_another_url_or_key_of_what_embeds_is_asked_from_the_next_call_on(
    upstream: Upstream, other: Upstream, tmp_path: Path
) -> None:
    async with proxied(upstream, tmp_path / "records", **embedding_at(other.base_url, "old")) as proxy:
        assert {key for key, _ in embedded(other)} == {"Bearer old"}
        before = len(embedded(other))
        use(proxy, upstream, **embedding_at(other.base_url, "new"))
        await proxy.chat("hello")
        assert {key for key, _ in embedded(other)[before:]} == {"Bearer new"}
        assert embedded(upstream) == []
        before = len(embedded(other))
        use(proxy, upstream, **embedding_at(upstream.base_url, "new"))
        await proxy.chat("hello again")
        assert len(embedded(other)) == before
        assert {key for key, _ in embedded(upstream)} == {"Bearer new"}


async def test_another_embedder_is_taken_up_while_it_runs(upstream: Upstream, tmp_path: Path) -> None:
    written = embedding_at(upstream.base_url)
    async with proxied(upstream, tmp_path / "records", **written) as proxy:
        use(proxy, upstream, **{**written, "records": {"embedder": {**EMBEDS, "model": "larger"}}})
        await proxy.chat("hello")
        assert {model for _, model in embedded(upstream)} == {"large", "larger"}


async def test_where_nothing_of_it_changed_the_same_connections_are_used(upstream: Upstream, tmp_path: Path) -> None:
    written = embedding_at(upstream.base_url)
    async with proxied(upstream, tmp_path / "records", **written) as proxy:
        warmed = len(embedded(upstream))
        use(proxy, upstream, **embedding_at(upstream.base_url, timeout={"connect": 3}))
        await proxy.chat("hello")
        assert len(embedded(upstream)) == warmed + 1


async def test_calls_that_ask_already_get_their_answers_when_calls_after_them_ask_elsewhere(
    upstream: Upstream, tmp_path: Path, desk: RecallDesk, library: FakeLibrary
) -> None:
    config = Config.model_validate(settings(upstream, tmp_path))
    current = CurrentDesk(config.records)
    current.take(desk, config)
    library.keep("t", "a", "here")
    library.answers.speaks.clear()
    asks = asyncio.create_task(desk.of("t", "a").nearest("here", 1))
    await becomes(lambda: library.answers.asked == 1)
    current.take(None, config)
    await current.close_idle()
    closed_early = library.closed
    library.answers.speaks.set()
    assert len(await asks) == 1
    await current.close_idle()
    assert (closed_early, library.closed) == (False, True)
    with pytest.raises(RecallFailed, match="looked up otherwise since"):
        await desk.of("t", "a").nearest("here", 1)
