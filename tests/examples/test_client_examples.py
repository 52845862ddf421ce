"""The examples of clients: well-formed, one for each client of the matrix, and telling it only URL and key."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.clients.matrix import CLIENTS, Client
from tests.clients.running import EXAMPLES, SAID, files_of, pointing_lines

PROJECTS = Path(__file__).parents[1] / "clients/node"
FILES = sorted(file for file in EXAMPLES.glob("*/*"))


def test_each_example_belongs_to_a_client_that_is_tried() -> None:
    assert {file for client in CLIENTS for file in files_of(client)} == set(FILES)


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_two_lines_point_a_client_at_burnish(client: Client) -> None:
    lines = pointing_lines(client)
    assert len(lines) == 2
    assert sum(SAID in line for line in lines) == sum("BURNISH_API_KEY" in line for line in lines) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXAMPLES)))
def test_an_example_is_well_formed(file: Path) -> None:
    text = file.read_text()
    match file.suffix:
        case ".py":
            compile(text, str(file), "exec")
        case ".json":
            json.loads(text)
        case ".toml":
            tomllib.loads(text)
        case ".sh":
            subprocess.run(["sh", "-n", str(file)], check=True)
        case ".mjs":
            # Node itself reads it when the clients are run.
            imported = set(re.findall(r'^import .* from "(.+)";$', text, flags=re.MULTILINE))
            locked = json.loads((PROJECTS / file.parent.name / "package.json").read_text())
            assert imported <= locked["dependencies"].keys()
