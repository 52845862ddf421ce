"""Which service a trace says it is from."""

import os
from importlib.metadata import version

from proxy.config.model import Telemetry
from proxy.telemetry.resource import resource_of, service_of


def test_a_worker_is_known_by_service_version_and_instance() -> None:
    found = resource_of(Telemetry(), {})
    assert found["service.name"] == "burnish"
    assert found["service.version"] == version("burnish")
    assert str(found["service.instance.id"]).endswith(f"-{os.getpid()}")


def test_what_all_processes_of_a_service_share_names_none_of_them() -> None:
    assert service_of(Telemetry(), {}) == {"service.name": "burnish", "service.version": version("burnish")}


def test_attributes_come_from_the_environment_as_opentelemetry_has_it() -> None:
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=eu%20west, team = ml ,broken,service.name=other"}
    found = resource_of(Telemetry(), environ)
    assert (found["deployment.environment"], found["team"], found["service.name"]) == ("eu west", "ml", "other")


def test_the_configured_name_goes_before_the_environment_and_that_before_the_default() -> None:
    environ = {"OTEL_SERVICE_NAME": "from-env", "OTEL_RESOURCE_ATTRIBUTES": "service.name=from-attributes"}
    assert resource_of(Telemetry(), environ)["service.name"] == "from-env"
    assert resource_of(Telemetry(service_name="mine"), environ)["service.name"] == "mine"
