"""Runs a client's script, or its example, in a folder and a home of its own, with nothing but base URL and key."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.clients.matrix import Client
from tests.support.environments import Environments

EXAMPLES: Final = Path(__file__).parents[2] / "examples/clients"
SAID: Final = "http://127.0.0.1:8400"
"""Where the examples say that Burnish listens."""

_RUN_BY: Final = {".py": "python", ".mjs": "node", ".sh": "sh"}


@dataclass(frozen=True)
class Endpoint:
    """What an agent's owner would put into its environment."""

    url: str
    key: str
    model: str
    limited_model: str
    """A model whose provider answers 429."""
    reasoning_model: str
    """A model whose name says that it reasons."""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"


@dataclass(frozen=True)
class Running:
    """A client's folder, made ready for its script and its examples."""

    client: Client
    folder: Path
    environment: dict[str, str]

    def script(self) -> dict[str, Any]:
        """What the script saw."""
        script = self.client.home.script
        for file in (script, *self.client.home.shared):
            shutil.copy(file, self.folder)
        printed = self._run(script.name)
        seen: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return seen

    def example(self) -> str:
        """What the example printed."""
        return self._run(example_of(self.client).name)

    def _run(self, script: str) -> str:
        done = subprocess.run(
            [_RUN_BY[Path(script).suffix], script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout


def example_of(client: Client) -> Path:
    """The example's script; what else lies in its folder is configuration."""
    (script,) = (file for file in (EXAMPLES / client.name).glob(f"{client.example}.*") if file.suffix in _RUN_BY)
    return script


def made_ready(client: Client, endpoint: Endpoint, environments: Environments, folder: Path) -> Running:
    for file in (EXAMPLES / client.name).iterdir():
        (folder / file.name).write_text(file.read_text().replace(SAID, endpoint.url))
    commands = client.home.commands(environments, folder)
    environment = {
        "PATH": os.pathsep.join([*map(str, commands), os.environ["PATH"]]),
        "HOME": str(folder),
        "BURNISH_API_KEY": endpoint.key,
        "CLIENT_EXAMPLE": client.example,
        "CLIENT_MODEL": endpoint.model,
        "CLIENT_REFUSED_MODEL": client.refused_model,
        # litellm otherwise looks for a newer price table on the network.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return Running(client, folder, environment)
