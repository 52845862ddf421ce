"""Keys that Burnish made: made once, kept as hashes, revoked by deleting a line."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.config.keys import hash_key
from proxy.config.model import Config
from proxy.serve.keys import BadKeyFile, KeyFile, add, read, ready_keys

ONE, OTHER = hash_key("bn-one"), hash_key("bn-other")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


def config(folder: Path, **agents: list[str]) -> Config:
    return Config.model_validate(
        {
            "version": 1,
            "providers": {"local": {"base_url": "http://127.0.0.1:1"}},
            "models": {"m": {"provider": "local", "model": "m"}},
            "records": {"dir": str(folder)},
            "agents": {name: {"keys": keys, "models": {"default": "m"}} for name, keys in agents.items()},
        }
    )


def test_an_agent_without_a_key_is_given_one_that_is_shown_once(tmp_path: Path) -> None:
    first = ready_keys(config(tmp_path, support=[], billing=[ONE]))
    (key,) = first.fresh.values()
    assert first.hashes == {hash_key(key): "support"}
    again = ready_keys(config(tmp_path, support=[], billing=[ONE]))
    assert again.hashes == first.hashes
    assert again.fresh == {}


def test_only_hashes_are_kept_and_only_the_owner_reads_them(tmp_path: Path, path: Path) -> None:
    (key,) = ready_keys(config(tmp_path, support=[])).fresh.values()
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        b"[",
        b"- a",
        b"support: x",
        b"support: [x]",
        b"support: [sha256:zz]",
        b"a:\n  - 5",
        b"\0",
        b"\xff",
        b"a: &a [*a]",
    ],
)
def test_a_key_file_that_cannot_be_read_is_named_in_one_line_with_the_remedy(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    with pytest.raises(BadKeyFile, match=r"keys\.yaml: .*; mend it or delete it") as refused:
        read(path)
    assert "\n" not in str(refused.value)


def test_a_deleted_line_revokes_its_key(path: Path) -> None:
    add(path, "support", ONE)
    add(path, "support", OTHER)
    file = KeyFile(path, {})
    assert file.changed()
    assert file.hashes == {ONE: "support", OTHER: "support"}
    path.write_text("\n".join(line for line in path.read_text().splitlines() if OTHER not in line))
    assert file.changed()
    assert file.hashes == {ONE: "support"}


def test_a_deleted_file_revokes_all(path: Path) -> None:
    add(path, "support", ONE)
    file = KeyFile(path, {ONE: "support"})
    assert not file.changed()
    path.unlink()
    assert file.changed()
    assert file.hashes == {}


def into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


SPOIL: dict[str, Callable[[Path], object]] = {
    "not YAML": lambda path: path.write_text("["),
    "not hashes": lambda path: path.write_text("support: [x]"),
    "a folder": into_a_folder,
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_file_that_cannot_be_read_keeps_the_keys_of_before_and_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    add(path, "support", ONE)
    file = KeyFile(path, {})
    file.changed()
    spoil(path)
    with caplog.at_level(logging.ERROR):
        assert not file.changed()
        assert not file.changed()
    assert file.hashes == {ONE: "support"}
    assert len(caplog.records) == 1
