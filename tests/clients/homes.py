"""Where a client is installed: what its lock file names, and what its scripts need around them to run."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.support.environments import Environments

HERE: Final = Path(__file__).parent
LOCKS: Final = HERE / "requirements"
NODE: Final = LOCKS / "node.txt"


class Home(Protocol):
    @property
    def script(self) -> Path:
        """What drives the client through everything it is to show."""
        ...

    @property
    def shared(self) -> tuple[Path, ...]:
        """What the script imports from beside it."""
        ...

    def locked(self, package: str) -> str:
        """The version of a package that is installed here."""
        ...

    def commands(self, environments: Environments, folder: Path) -> tuple[Path, ...]:
        """Installs it; returns where its commands are, for scripts that run in `folder`."""
        ...


@dataclass(frozen=True)
class OnPython:
    """A Python package, in a virtual environment that `lock` names."""

    lock: str
    name: str
    """Of the script."""

    @property
    def script(self) -> Path:
        return HERE / "python" / f"{self.name}.py"

    @property
    def shared(self) -> tuple[Path, ...]:
        return HERE / "python/the_agent.py", HERE / "python/the_terminal.py"

    def locked(self, package: str) -> str:
        (version,) = re.findall(rf"^{package}==(\S+)", self._requirements.read_text(), flags=re.MULTILINE)
        return str(version)

    def commands(self, environments: Environments, folder: Path) -> tuple[Path, ...]:
        return (environments.python(self._requirements).parent,)

    @property
    def _requirements(self) -> Path:
        return LOCKS / f"{self.lock}.txt"


@dataclass(frozen=True)
class OnNode:
    """A JavaScript package, in a project of that name."""

    project: str
    name: str
    """Of the script."""

    @property
    def script(self) -> Path:
        return HERE / "node" / self.project / f"{self.name}.mjs"

    @property
    def shared(self) -> tuple[Path, ...]:
        return (HERE / "node/the-agent.mjs",)

    def locked(self, package: str) -> str:
        return _locked(self.project, package)

    def commands(self, environments: Environments, folder: Path) -> tuple[Path, ...]:
        installed = environments.node(HERE / "node" / self.project, runtime=NODE)
        # Node looks for packages beside the script that imports them.
        (folder / "node_modules").symlink_to(installed.packages)
        return (installed.node.parent,)


@dataclass(frozen=True)
class InTerminal:
    """A command that npm installs, driven by a script of our own Python."""

    project: str
    name: str
    """Of the script."""
    where: str = ".bin"
    """The folder of the command, in `node_modules`."""

    @property
    def script(self) -> Path:
        return HERE / "python" / f"{self.name}.py"

    @property
    def shared(self) -> tuple[Path, ...]:
        return HERE / "python/the_agent.py", HERE / "python/the_terminal.py"

    def locked(self, package: str) -> str:
        return _locked(self.project, package)

    def commands(self, environments: Environments, folder: Path) -> tuple[Path, ...]:
        installed = environments.node(HERE / "node" / self.project, runtime=NODE)
        return installed.packages / self.where, installed.node.parent, Path(sys.executable).parent


def _locked(project: str, package: str) -> str:
    lock = json.loads((HERE / "node" / project / "package-lock.json").read_text())
    return str(lock["packages"][f"node_modules/{package}"]["version"])
