"""An environment is built once for its lock, again when the lock changes, and never left half built."""

import subprocess
from pathlib import Path

import pytest

from tests.support.environments import Environments, InstallFailed

pytestmark = pytest.mark.clients


@pytest.fixture
def announced() -> list[str]:
    return []


@pytest.fixture
def environments(tmp_path: Path, announced: list[str]) -> Environments:
    return Environments(tmp_path / "envs", announced.append)


def lock(folder: Path, text: str) -> Path:
    file = folder / "nothing.txt"
    file.write_text(text)
    return file


def test_an_environment_is_built_once_until_its_lock_changes(
    environments: Environments, announced: list[str], tmp_path: Path
) -> None:
    python = environments.python(lock(tmp_path, "# holds no package\n"))
    assert subprocess.check_output([python, "-c", "import sys; print(sys.prefix)"], text=True).strip() == str(
        environments.root / "nothing"
    )
    assert [line.split()[0] for line in announced] == ["installing", "installed"]

    left_behind = python.parent / "left-behind"
    left_behind.touch()
    assert environments.python(lock(tmp_path, "# holds no package\n")) == python
    assert left_behind.exists()
    assert len(announced) == 2

    environments.python(lock(tmp_path, "# holds no package either\n"))
    assert not left_behind.exists()
    assert len(announced) == 4


def test_a_failed_install_says_which_command_failed_and_is_tried_again(
    environments: Environments, announced: list[str], tmp_path: Path
) -> None:
    unhashed = lock(tmp_path, "pip==1.0\n")
    for _ in range(2):
        with pytest.raises(InstallFailed, match="--require-hashes"):
            environments.python(unhashed)
    assert [line.split()[0] for line in announced] == ["installing", "installing"]
