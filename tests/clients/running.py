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

NO_NEWS: Final = {
    "AIDER_ANALYTICS_DISABLE": "true",
    "AIDER_CHECK_UPDATE": "false",
    "AIDER_SHOW_RELEASE_NOTES": "false",
    "DO_NOT_TRACK": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "npm_config_offline": "true",
}
"""Keeps clients from looking on the network for new versions, prices, models and plugins, and from telling of this."""

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
        return self._run(files_of(self.client)[0].name)

    def _run(self, script: str) -> str:
        done = subprocess.run(
            [_RUN_BY[Path(script).suffix], script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout


def files_of(client: Client) -> list[Path]:
    """The example of one API, its script first: a folder may hold some for other APIs too."""
    folder = EXAMPLES / client.name
    others = {script.stem for script in folder.iterdir() if script.suffix in _RUN_BY} - {client.example}
    files = [file for file in folder.iterdir() if file.stem not in others]
    return sorted(files, key=lambda file: (file.suffix not in _RUN_BY, file.name))


def pointing_lines(client: Client) -> list[str]:
    """The lines of its example that say where Burnish is, and by which key."""
    lines = [line.strip() for file in files_of(client) for line in file.read_text().splitlines()]
    return [line for line in lines if SAID in line or "BURNISH_API_KEY" in line]


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
        **NO_NEWS,
    }
    return Running(client, folder, environment)
