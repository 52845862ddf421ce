"""Calls through a proxy that remembers: the real embedder, real Chroma, and what becomes of calls without them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest

from stores.answers import Answer, AnswerIndex, Collection
from stores.answers.server import ServerAnswers
from stores.answers.shared import SharedAnswers
from stores.embedding.bundled import BundledEmbedder
from tests.support.chroma import Chroma, running_chroma
from tests.support.embedder import embedder
from tests.support.proxy import AGENT, Proxy, becomes, proxied
from tests.support.sharing import Sharing, sharing_answers
from tests.support.upstream import Upstream

__all__ = ["embedder"]

QUESTION: Final = "My new card has still not arrived"
SHOWS: Final = {"middleware": [{"retrieval": {"holdout": 0, "drop": 0, "min_similarity": 0.5, "timeout": 10}}]}
HASTY: Final = {"middleware": [{"retrieval": {"holdout": 0, "drop": 0, "timeout": 0.2}}]}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[Sharing]:
    with sharing_answers(tmp_path / "records" / "answers") as sharing:
        yield sharing


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[Chroma]:
    with running_chroma(tmp_path) as server:
        yield server


def keep(index: AnswerIndex, embedder: BundledEmbedder, tenant: str = "default", agent: str = AGENT) -> None:
    kept = [
        Answer(id=name * 32, question=question, text=text, origin="correction", trust="human", low=0.9)
        for name, question, text in (
            ("a", "My card has not come in the mail yet", "card_arrival"),
            ("b", "How do I change my PIN?", "change_pin"),
        )
    ]
    vectors = embedder.embed([answer.question for answer in kept])
    index.put(Collection(tenant, agent, embedder.space, embedder.size), kept, list(vectors))
    index.close()


async def facts(proxy: Proxy, kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Those of the last of `count` runs."""
    *_, run = await proxy.recorded(count)
    return [dict(fact.attributes) for fact in run.facts(kind)]


async def test_a_call_is_shown_the_answer_to_a_similar_question(
    upstream: Upstream, tmp_path: Path, sharing: Sharing, embedder: BundledEmbedder
) -> None:
    keep(SharedAnswers(sharing.folder, timeout=30), embedder)
    async with proxied(upstream, tmp_path / "records", agent=SHOWS) as proxy:
        answer = await proxy.chat(QUESTION)
        assert answer.status == 200
        assert proxy.worker.problems() == []
        (shown,) = await facts(proxy, "answers_shown")
        assert shown["ids"] == ["a" * 32]
    sent = upstream.requests[0].json()["messages"]
    assert sent[0] == {"role": "user", "content": QUESTION}
    assert "card_arrival" in sent[1]["content"]
    assert "change_pin" not in sent[1]["content"]


async def test_what_another_tenant_or_agent_knows_is_not_shown(
    upstream: Upstream, tmp_path: Path, sharing: Sharing, embedder: BundledEmbedder
) -> None:
    for tenant, agent in (("another", AGENT), ("default", "another")):
        keep(SharedAnswers(sharing.folder, timeout=30), embedder, tenant, agent)
    async with proxied(upstream, tmp_path / "records", agent=SHOWS) as proxy:
        await proxy.chat(QUESTION)
        (shown,) = await facts(proxy, "answers_shown")
        assert shown["ids"] == []
    assert len(upstream.requests[0].json()["messages"]) == 1


async def test_a_chroma_server_that_dies_costs_calls_nothing_but_the_answers(
    upstream: Upstream, tmp_path: Path, chroma: Chroma, embedder: BundledEmbedder
) -> None:
    keep(ServerAnswers(chroma.url, timeout=30), embedder)
    async with proxied(upstream, tmp_path / "records", agent=SHOWS, records={"chroma": chroma.url}) as proxy:
        await proxy.chat(QUESTION)
        assert (await facts(proxy, "answers_shown"))[0]["ids"] == ["a" * 32]
        chroma.kill()
        for number in range(2, 8):
            assert (await proxy.chat(QUESTION)).status == 200
            (missed,) = await facts(proxy, "recall_missed", number)
            assert "Chroma at http://127.0.0.1" in str(missed["reason"])
        (problem,) = proxy.worker.problems()
        assert problem.startswith("calls go on without past answers: Chroma at http://127.0.0.1")
        assert (await proxy.get("/readyz")).status == 200
        assert [len(request.json()["messages"]) for request in upstream.requests] == [2, *[1] * 6]


async def test_a_chroma_that_never_answers_takes_no_more_than_the_time_of_the_step(
    upstream: Upstream, tmp_path: Path, embedder: BundledEmbedder
) -> None:
    connected = 0

    def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with proxied(upstream, tmp_path / "records", agent=HASTY, records={"chroma": url}) as proxy:
        for number in range(1, 4):
            assert (await proxy.chat(f"{QUESTION} {number}")).status == 200
            (missed,) = await facts(proxy, "recall_missed", number)
            assert missed["reason"] == "no answer within 0.2 s"
        # Those that were asked nevertheless tell, at the end of their patience, that nobody is there.
        await becomes(lambda: any("timed out" in problem for problem in proxy.worker.problems()), within=30)
        await becomes(lambda: connected >= 3)
        await proxy.chat(QUESTION)
        (missed,) = await facts(proxy, "recall_missed", 4)
        assert "timed out" in str(missed["reason"]) or missed["reason"] == "no answer within 0.2 s"
    for writer in writers:
        writer.close()
    server.close()


async def test_an_embedder_that_was_never_fetched_is_a_problem_that_names_the_remedy(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "empty"))
    async with proxied(upstream, tmp_path / "records", agent=SHOWS) as proxy:
        (problem,) = proxy.worker.problems()
        assert "`burnish serve` fetches it" in problem
        assert "wait for it, or set records.embedder to a provider's model instead" in problem
        assert (await proxy.chat(QUESTION)).status == 200


@pytest.mark.parametrize(
    ("middleware", "imported"),
    [
        ([], []),
        ([{"retrieval": {"enabled": False}}, "tool_outcomes"], []),
        ([{"retrieval": {}}], ["numpy", "onnxruntime", "tokenizers"]),
    ],
    ids=["without the step", "with the step off", "with the step on"],
)
def test_a_worker_imports_what_a_memory_needs_only_where_an_agent_has_one(
    tmp_path: Path, middleware: list[Any], imported: list[str], embedder: BundledEmbedder
) -> None:
    written = {
        "version": 1,
        "providers": {"local": {"base_url": "http://127.0.0.1:9/v1"}},
        "models": {"small": {"provider": "local", "model": "small"}},
        "records": {"dir": str(tmp_path / "records")},
        "agents": {"support": {"models": {"default": "small"}, "middleware": middleware}},
    }
    script = """
        import asyncio, json, sys
        from middleware.registry import Registry
        from proxy.config.model import Config
        from proxy.worker import Place, Worker

        async def run():
            async with Worker(Config.model_validate(json.loads(sys.argv[1])), Registry(), {}, Place()):
                pass

        asyncio.run(run())
        heavy = ("numpy", "chromadb", "onnx", "onnxruntime", "tokenizers", "httpx")
        print(json.dumps([name for name in heavy if name in sys.modules]))
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(script), json.dumps(written)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert set(imported) <= set(found)
    assert imported or not found
    assert "chromadb" not in found
