"""`burnish key new AGENT`."""

import json

import yaml

from proxy.config.keys import hash_key
from proxy.config.model import Config
from tests.burnish.commands.conftest import Run


def test_a_new_key_is_shown_once_with_the_lines_to_paste(run: Run) -> None:
    result = run("key", "new", "support")
    assert result.exit_code == 0
    (key,) = (line.strip() for line in result.output.splitlines() if line.strip().startswith("bn-"))
    paste = yaml.safe_load(result.output.partition("configuration:")[2])
    assert paste == {"agents": {"support": {"keys": [hash_key(key)]}}}


def test_the_hash_it_prints_is_accepted_by_the_configuration(run: Run) -> None:
    made = json.loads(run("key", "new", "support", "--json").output)
    assert made["hash"] == hash_key(made["key"])
    agent = {"keys": [made["hash"]], "models": {"default": "m"}}
    assert Config.model_validate({"version": 1, "agents": {made["agent"]: agent}}).agents["support"].keys


def test_each_key_is_another(run: Run) -> None:
    assert run("key", "new", "support").output != run("key", "new", "support").output
