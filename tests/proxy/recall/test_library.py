"""What a configuration says of where answers are found and what embeds them."""

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder
from proxy.config.model import Config
from proxy.recall.library import Library
from stores.answers.server import ServerAnswers
from stores.answers.shared import SharedAnswers
from stores.embedding import EmbeddingError
from stores.embedding.bundled import BundledEmbedder
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


def test_what_embeds_is_used_only_when_it_is_there_whole(tmp_path: Path, embedder: BundledEmbedder) -> None:
    environ = {"BURNISH_CACHE": str(tmp_path / "cache")}
    folder = cache_folder(environ)
    folder.mkdir(parents=True)
    library = Library(config(tmp_path), timeout=1, environ=environ)
    weights, tokenizer = (folder / file.name for file in ALL_MINILM_L6_V2.files)
    weights.write_bytes(bytes(ALL_MINILM_L6_V2.weights.size))
    tokenizer.symlink_to(cache_folder(os.environ) / tokenizer.name)
    with pytest.raises(EmbeddingError, match=r"all-minilm-l6-v2 is not in .*: `burnish serve` fetches it"):
        library.embedder()
    copyfile(cache_folder(os.environ) / weights.name, weights)
    assert library.embedder().space == embedder.space


def test_what_asks_a_provider_is_closed_with_its_library(tmp_path: Path) -> None:
    library = Library(config(tmp_path, embedder={"provider": "openai", "model": "large"}), timeout=1)
    embedder = library.embedder()
    library.close()
    with pytest.raises(RuntimeError, match="closed"):
        embedder.embed(["a"])
