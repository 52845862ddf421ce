"""What a newcomer does: clones the last commit, types `make run`, and follows what is printed."""

import json
import os
import re
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds that the record of a call may take to be in the store."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Clone:
    """A clone in which `make run` is up, on a free port and without any provider's key."""

    folder: Path
    environment: dict[str, str]
    greeting: str

    def python(self, script: str) -> str:
        return self.run(str(self.folder / ".venv/bin/python"), "-c", script)

    def burnish(self, *arguments: str) -> str:
        return self.run(str(self.folder / ".venv/bin/burnish"), *arguments)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def snippet(self) -> str:
        """The Python that the start-up text tells people to try."""
        found = re.search(r"Python \(pip install openai\):\n\n((?:    .*\n)+)", self.greeting)
        assert found is not None, self.greeting
        return textwrap.dedent(found[1])


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    folder = tmp_path_factory.mktemp("clone") / "burnish"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    config = folder / "config/burnish.yaml"
    config.write_text(config.read_text() + "\nserver: {listen: 127.0.0.1:0}\n")
    # Nothing leads to what is installed for these tests, nor to the make that runs them.
    strange = ("OPENAI_", "PYTHON", "MAKE", "MFLAGS", "ARGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    environment["PATH"] = os.pathsep.join(
        part for part in environment["PATH"].split(os.pathsep) if not part.startswith(str(ROOT))
    )
    process = subprocess.Popen(
        ["make", "run"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    told = process.stdout
    try:
        greeting = ""
        for line in told:
            greeting += line
            if "burnish show" in line:
                break
        yield Clone(folder, environment, greeting)
        # As Ctrl-C in a terminal, which reaches make and all that it runs.
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        told.close()
        process.wait()


def test_what_is_printed_names_the_model_that_answers(clone: Clone) -> None:
    assert re.search(r"agent assistant: .*smollm2-135m-instruct", clone.greeting, flags=re.IGNORECASE)


def test_the_printed_snippet_gives_a_whole_and_a_streamed_answer_which_are_recorded(clone: Clone) -> None:
    said = clone.python(clone.snippet())
    assert len(said.split()) > 3
    give_up = time.monotonic() + PATIENCE
    while len(runs := [json.loads(line) for line in clone.burnish("runs", "--json").splitlines()]) < 2:
        assert time.monotonic() < give_up, runs
    assert [(run["status"], run["streamed"]) for run in runs] == [(200, True), (200, False)]
    tree = clone.burnish("show", runs[0]["id"])
    assert "invoke_agent assistant" in tree
    assert "chat smollm2-135m-instruct" in tree


def test_a_second_start_installs_nothing(clone: Clone) -> None:
    planned = clone.run("make", "--dry-run", "run")
    assert "pip" not in planned
    assert "burnish serve" in planned
