"""`burnish config check | show | schema`."""

import json
from pathlib import Path

import pytest
import yaml

from tests.burnish.commands.conftest import Run

CONFIG = """\
version: 1
providers:
  remote: {base_url: https://models.example, api_key: "${env:BURNISH_TEST_KEY:-}"}
  local: {base_url: http://127.0.0.1:1}
models:
  smart: {provider: remote, model: big}
  fast: {provider: local, model: little}
agents:
  support:
    models: {default: [smart, fast]}
    variants: {careful: {steps: {whole: {enabled: true}}}}
    middleware:
      - flowing
      - whole: {enabled: false}
  plain: {models: {default: smart}}
"""


@pytest.fixture
def file() -> Path:
    return Path("burnish.yaml")


def test_check_says_the_order_of_the_steps_and_who_loses_streaming(run: Run, file: Path) -> None:
    file.write_text(CONFIG)
    result = run("config", "check", "--config", str(file))
    assert result.exit_code == 0
    heading, *lines = result.output.splitlines()
    assert heading.startswith("burnish.yaml is valid (")
    assert lines == [
        "provider remote: unavailable, its api_key is empty",
        "agent support: flowing",
        "  model: fast",
        "  whole holds the whole answer back: this agent loses streaming",
        "agent plain: no middleware",
        "  model: none; every provider of its defaults is unavailable",
    ]


def test_check_as_json_tells_the_same(run: Run, file: Path) -> None:
    file.write_text(CONFIG)
    report = json.loads(run("config", "check", "--config", str(file), "--json").output)
    assert report["valid"] is True
    assert report["unavailable"] == ["remote"]
    assert report["agents"]["support"] == {
        "model": "fast",
        "chain": ["flowing"],
        "off": ["whole"],
        "buffers": ["whole"],
    }


def test_check_exits_non_zero_with_one_line_per_problem(run: Run, file: Path) -> None:
    file.write_text(CONFIG.replace("fast]", "fasst]").replace("enabled: false", "round: 1"))
    result = run("config", "check", "--config", str(file))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "burnish.yaml:10: agents.support.models.default[1]: no model called 'fasst'; did you mean 'fast'?",
        "burnish.yaml:14: agents.support.middleware[1].round: unknown key; did you mean 'rounds'?",
    ]


def test_check_as_json_lists_the_problems_and_exits_non_zero(run: Run, file: Path) -> None:
    file.write_text("version: 1\nserver: {queue: many}\n")
    result = run("config", "check", "--config", str(file), "--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "valid": False,
        "file": "burnish.yaml",
        "problems": [{"line": 2, "key": "server.queue", "message": "expected a whole number, got 'many'"}],
    }


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_file_that_is_not_there_is_one_line(run: Run, command: str) -> None:
    result = run("config", command, "--config", "nowhere.yaml")
    assert result.exit_code == 1
    assert result.stderr == "nowhere.yaml: cannot be read (No such file or directory)\n"


def test_show_prints_what_is_in_force_with_secrets_masked(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNISH_TEST_KEY", "hunter2")
    file.write_text(CONFIG)
    result = run("config", "show", "--config", str(file))
    assert result.exit_code == 0
    assert "hunter2" not in result.output
    assert "# burnish.yaml:3 ${env:BURNISH_TEST_KEY}" in result.output
    assert yaml.safe_load(result.output)["agents"]["support"]["models"]["default"] == ["smart", "fast"]


def test_show_as_json_gives_values_and_origins(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_TEST_KEY", "hunter2")
    file.write_text(CONFIG)
    result = run("config", "show", "--config", str(file), "--json")
    shown = json.loads(result.output)
    assert "hunter2" not in result.output
    assert shown["config"]["server"]["ping"] == "15s"
    assert shown["origins"]["server.ping"] == "default"
    assert shown["origins"]["providers.remote.api_key"] == "burnish.yaml:3 ${env:BURNISH_TEST_KEY}"
    assert len(shown["hash"]) == 16


def test_the_file_may_be_named_by_a_variable(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("version: 1\n")
    monkeypatch.setenv("BURNISH_CONFIG", str(file))
    assert run("config", "check").output.startswith("burnish.yaml is valid (")


def test_schema_knows_the_settings_of_the_installed_steps(run: Run) -> None:
    printed = json.loads(run("config", "schema").output)
    mapping = printed["$defs"]["StepConfig"]["anyOf"][1]
    assert {"flowing", "whole"} <= set(mapping["properties"])
