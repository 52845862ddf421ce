"""The wheel: it has what the command needs, wherever it is installed, and nothing that is not ours to install."""

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(command: Sequence[object], *, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder], cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder it is installed in, beside nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", folder]
    run([*pip, wheel], cwd=folder, PIP_DISABLE_PIP_VERSION_CHECK="1")
    return folder


def test_the_wheel_installs_our_packages_and_no_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist()}
    ours = {"burnish", "console", "evaluators", "learners", "middleware", "policies", "proxy", "records", "stores"}
    assert {top for top in tops if not top.endswith(".dist-info")} == ours


def test_every_package_says_that_it_is_typed(installed: Path) -> None:
    packages = [folder for folder in installed.iterdir() if (folder / "__init__.py").exists()]
    assert [folder.name for folder in packages if not (folder / "py.typed").exists()] == []


def test_the_command_runs_from_the_wheel_alone(installed: Path) -> None:
    config = ROOT / "config/burnish.yaml"
    command = [sys.executable, "-m", "burnish", "config", "check", "--config", config]
    # The folder comes first on the path, before the link to the sources that the tests run from.
    where = run(
        [sys.executable, "-c", "import burnish; print(burnish.__file__)"],
        cwd=installed.parent,
        PYTHONPATH=str(installed),
    )
    assert where.startswith(str(installed))
    assert "is valid" in run(command, cwd=installed.parent, PYTHONPATH=str(installed))
