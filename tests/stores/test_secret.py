"""The installation's secret, and the pseudonyms of users."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from stores.secret import SecretError, load_secret, user_hash


def test_the_secret_stays_the_same_once_made(tmp_path: Path) -> None:
    assert load_secret(tmp_path) == load_secret(tmp_path)
    assert len(load_secret(tmp_path)) == 32


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    assert load_secret(tmp_path / "one") != load_secret(tmp_path / "two")


def test_only_the_owner_may_read_the_secret(tmp_path: Path) -> None:
    load_secret(tmp_path / "data")
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        together = Barrier(8, timeout=30)

        def load(folder: Path = folder, together: Barrier = together) -> bytes:
            together.wait()
            return load_secret(folder)

        with ThreadPoolExecutor(8) as pool:
            found = {task.result() for task in [pool.submit(load) for _ in range(8)]}
        assert len(found) == 1
        assert [file.name for file in folder.iterdir()] == ["secret"]


def test_a_damaged_secret_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(SecretError, match="holds 5 bytes instead of 32"):
        load_secret(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretError, match=str(tmp_path / "file" / "secret")):
        load_secret(tmp_path / "file")


def test_a_user_is_found_again_under_the_same_secret_and_not_under_another() -> None:
    assert user_hash(b"a" * 32, "ada") == user_hash(b"a" * 32, "ada")
    assert user_hash(b"a" * 32, "ada") != user_hash(b"b" * 32, "ada")
    assert user_hash(b"a" * 32, "ada") != user_hash(b"a" * 32, "bob")


def test_a_pseudonym_does_not_contain_the_name() -> None:
    pseudonym = user_hash(b"a" * 32, "ada@example.org")
    assert len(pseudonym) == 32
    assert "ada" not in pseudonym
