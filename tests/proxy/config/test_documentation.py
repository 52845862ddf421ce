"""docs/configuration.md: its examples load, and its tables have every key with the default in force."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config.load import load
from proxy.config.schema import schema
from proxy.config.steps import by_settings
from tests.proxy.config.test_schema import ROOT, own_steps
from tests.proxy.config.test_shipped_configs import VARIABLES

TEXT = (ROOT / "docs/configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)

BASE: dict[str, Any] = {
    "version": 1,
    "providers": {"local": {"base_url": "http://127.0.0.1:8089/v1"}},
    "models": {"fast": {"provider": "local", "model": "a"}, "smart": {"provider": "local", "model": "b"}},
}
"""What the sections shown alone stand beside."""


def test_the_documentation_has_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split(":")[0])
def test_an_example_loads(folder: Path, example: str) -> None:
    whole = example if example.startswith("version:") else yaml.safe_dump({**BASE, **yaml.safe_load(example)})
    (folder / "burnish.yaml").write_text(whole)
    (folder / "console_token").write_text("a token\n")
    load("burnish.yaml", env=VARIABLES, validate_steps=by_settings(own_steps().__getitem__))


def rows() -> Iterator[tuple[str, str]]:
    """Section and table row of every key."""
    whole = schema()
    for name, section in whole["$defs"].items():
        for key, value in section.get("properties", {}).items():
            default = value.get("default", [])
            known = default if isinstance(default, str) else json.dumps(default)
            shown = "required" if key in section.get("required", ()) else "" if default == [] else f"`{known}`"
            yield name, f"| `{key}` | {shown} | {value.get('description', '')} |"


def test_every_key_is_in_the_tables_with_its_default() -> None:
    lines = TEXT.splitlines()
    assert [(section, row) for section, row in rows() if row not in lines] == []
