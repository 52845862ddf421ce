"""Dockerfile and compose.yaml: what they name exists, they agree with each other, and little of them is reachable."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyCompose, parse_duration

from middleware.registry import Registry
from proxy.config.load import load
from proxy.config.model import Config
from proxy.config.steps import by_settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
JAEGER: dict[str, Any] = yaml.safe_load((ROOT / "deploy/jaeger.yaml").read_text())


def served_by(**environment: str) -> Config:
    registry = Registry()
    steps = by_settings(lambda name: registry.find(name).settings)
    return load(str(ROOT / "deploy/burnish.yaml"), env=environment, validate_steps=steps)


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def copied() -> list[str]:
    """What the Dockerfile takes from the repository."""
    lines = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    return [source for line in lines for source in line if not line[0].startswith("--from")]


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_has_every_package_of_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) <= set(copied())


@pytest.mark.parametrize("source", copied())
def test_what_the_dockerfile_copies_is_there_and_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_installs_by_hash_and_does_not_run_as_root() -> None:
    build, final = re.split(r"^FROM .*$", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert "--require-hashes" in build
    assert "install" not in final
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, flags=re.MULTILINE)


def test_the_health_check_asks_where_the_image_listens() -> None:
    (asked,) = re.findall(r"http://127\.0\.0\.1:(\d+)/healthz", DOCKERFILE)
    assert int(asked) == served_by().server.port


def test_compose_keeps_to_its_specification() -> None:
    PyCompose.from_yaml((ROOT / "compose.yaml").read_text()).validate()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_published_on_loopback_or_not_at_all(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    if "ports" not in service:
        assert [COMPOSE["networks"][network] for network in service["networks"]] == [{"internal": True}]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_whether_it_is_well(name: str) -> None:
    in_image = "build" in SERVICES[name] and "HEALTHCHECK" in DOCKERFILE
    assert in_image or SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_version_and_the_files_it_mounts(name: str) -> None:
    assert re.search(r":[\d.]+(-alpine)?$", SERVICES[name]["image"])
    sources = [volume.partition(":")[0] for volume in SERVICES[name].get("volumes", [])]
    assert [
        source
        for source in sources
        if not (source in COMPOSE["volumes"] or (source.startswith("./") and (ROOT / source).is_file()))
    ] == []


def test_burnish_is_served_by_what_compose_gives_it() -> None:
    given = SERVICES["burnish"]["environment"]
    config = served_by(
        BURNISH_DATABASE_URL=re.sub(r"\$\{[^}]*\}", "secret", given["BURNISH_DATABASE_URL"]),
        OTEL_EXPORTER_OTLP_ENDPOINT=given["OTEL_EXPORTER_OTLP_ENDPOINT"],
    )
    assert config.server.host == "0.0.0.0"
    assert SERVICES["burnish"]["ports"] == [f"127.0.0.1:{config.server.port}:{config.server.port}"]
    assert urlsplit(config.records.database).hostname in SERVICES
    assert urlsplit(str(config.telemetry.otlp)).hostname in SERVICES
    assert str(config.records.dir).startswith("/var/lib/burnish/")


def test_a_stop_leaves_open_streams_the_time_they_are_promised() -> None:
    assert parse_duration(SERVICES["burnish"]["stop_grace_period"]) > served_by().server.drain


def test_jaeger_listens_where_traces_are_sent_and_where_it_is_looked_at() -> None:
    sent = SERVICES["burnish"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    extensions = JAEGER["extensions"]
    assert port_of(JAEGER["receivers"]["otlp"]["protocols"]["http"]["endpoint"]) == port_of(sent)
    assert SERVICES["jaeger"]["ports"][0].endswith(f":{port_of(extensions['jaeger_query']['http']['endpoint'])}")
    health = urlsplit(SERVICES["jaeger"]["healthcheck"]["test"][-1])
    assert health.port == port_of(extensions["healthcheckv2"]["http"]["endpoint"])


def test_jaeger_is_given_no_part_that_it_does_not_define() -> None:
    service = JAEGER["service"]
    assert set(service["extensions"]) == set(JAEGER["extensions"])
    for kind in ("receivers", "processors", "exporters"):
        assert set(service["pipelines"]["traces"][kind]) == set(JAEGER[kind])
