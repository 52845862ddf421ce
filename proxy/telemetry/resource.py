"""The resource that traces carry: which service, which version; a worker's also say which instance of it."""

import os
import socket
from collections.abc import Mapping
from importlib.metadata import version
from urllib.parse import unquote

from proxy.config.model import Telemetry
from records import JsonValue


def resource_of(telemetry: Telemetry, environ: Mapping[str, str] = os.environ) -> dict[str, JsonValue]:
    """This process's resource attributes. Call it in the worker, after any fork: the instance is named by its pid."""
    host, pid = socket.gethostname(), os.getpid()
    instance = {"service.instance.id": f"{host}-{pid}", "host.name": host, "process.pid": pid}
    return {**instance, **service_of(telemetry, environ)}


def service_of(telemetry: Telemetry, environ: Mapping[str, str] = os.environ) -> dict[str, JsonValue]:
    """The same in every process of the service.

    `OTEL_RESOURCE_ATTRIBUTES` adds to them and `OTEL_SERVICE_NAME` names the service where the configuration does not:
    https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
    """
    found: dict[str, JsonValue] = {"service.name": telemetry.service_name, "service.version": version("burnish")}
    for item in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, equals, value = item.partition("=")
        if equals and key.strip():
            found[unquote(key.strip())] = unquote(value.strip())
    if "service_name" in telemetry.model_fields_set:
        found["service.name"] = telemetry.service_name
    elif name := environ.get("OTEL_SERVICE_NAME"):
        found["service.name"] = name
    return found
