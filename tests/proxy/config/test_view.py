"""The configuration in force, as people and scripts read it."""

from pathlib import Path

import yaml

from proxy.config.source import read
from proxy.config.view import annotated, masked, origins
from tests.proxy.config.conftest import Load

CONFIG = """\
version: 1
server: {ping: 2s}
providers: {local: {base_url: http://127.0.0.1:1}}
models:
  fast: {provider: local, model: "yes"}
agents:
  support:
    models: {default: fast}
    variants:
      terse:
        instructions: {append: ["Answer: in one sentence."]}
    middleware:
      - retrieval: {top_k: 5}
      - guardrails
"""


def test_every_value_says_its_line_or_that_it_is_a_default(load_text: Load) -> None:
    config = load_text(CONFIG)
    source = read(Path("burnish.yaml"), {})
    places = origins(masked(config, source), source)
    assert places["server", "ping"] == "burnish.yaml:2"
    assert places["server", "queue"] == "default"
    assert places["models", "fast", "model"] == "burnish.yaml:5"
    assert places["agents", "support", "models", "default", 0] == "burnish.yaml:8"
    assert places["agents", "support", "middleware", 0, "retrieval", "top_k"] == "burnish.yaml:13"
    assert places["agents", "support", "middleware", 0, "retrieval", "on_error"] == "default"
    assert places["agents", "support", "variants", "base", "steps"] == "default"


def test_what_is_printed_is_yaml_of_what_is_in_force(load_text: Load) -> None:
    config = load_text(CONFIG)
    source = read(Path("burnish.yaml"), {})
    data = masked(config, source)
    lines = list(annotated(data, origins(data, source)))
    assert yaml.safe_load("\n".join(lines)) == data
    assert data["server"]["ping"] == "2s"
    assert any(line.split() == ["ping:", '"2s"', "#", "burnish.yaml:2"] for line in lines)


def test_what_is_printed_loads_again_to_the_same(load_text: Load) -> None:
    config = load_text(CONFIG)
    source = read(Path("burnish.yaml"), {})
    data = masked(config, source)
    again = load_text("\n".join(annotated(data, origins(data, source))))
    assert again.hash == config.hash
