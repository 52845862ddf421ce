"""The configurations fit the key that the load generator sends."""

import hashlib
from pathlib import Path

import pytest
import yaml

from benchmarks.subjects import CONFIG
from benchmarks.traffic import KEY


@pytest.mark.parametrize(
    "file", sorted(set(CONFIG.glob("*.yaml")) - {CONFIG / "litellm.yaml"}), ids=lambda file: file.stem
)
def test_the_configuration_knows_the_key_of_the_load(file: Path) -> None:
    agents = yaml.safe_load(file.read_text())["agents"]
    assert agents["support"]["keys"] == ["sha256:" + hashlib.sha256(KEY.encode()).hexdigest()]


def test_the_step_that_does_nothing_is_all_that_noop_adds() -> None:
    default, noop = (yaml.safe_load((CONFIG / f"{name}.yaml").read_text()) for name in ("default", "noop"))
    default["agents"]["support"]["middleware"].append("benchmarks.noop:Nothing")
    assert noop == default


def test_unrecorded_is_the_default_without_its_records() -> None:
    default, unrecorded = (yaml.safe_load((CONFIG / f"{name}.yaml").read_text()) for name in ("default", "unrecorded"))
    del default["telemetry"]
    default["agents"]["support"]["record"] = "none"
    assert unrecorded == default
