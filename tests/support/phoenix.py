"""Phoenix, a real OTLP receiver with a query API, run for tests in an environment of its own.

It listens on loopback (its gRPC port, which it cannot be told to leave out, on every interface), keeps what it is sent
in a folder of the test's, and is told to call nobody.
"""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from records.span import Event, Span
from tests.support.ports import free_port

_PATIENCE: Final = 120.0
_PAGE: Final = 1000


class Phoenix:
    """A running server. `url` is its OTLP endpoint too."""

    def __init__(self, url: str) -> None:
        self.url = url

    def spans(self, trace_id: str, count: int) -> list[Span]:
        """The spans of a trace, in the order of their ids, once there are so many: it stores them in its own time.

        Phoenix keeps neither links nor the kinds of OpenTelemetry, and times to the microsecond.
        """
        give_up = time.monotonic() + _PATIENCE
        query = f"/v1/projects/default/spans/otlpv1?trace_id={trace_id}&limit={_PAGE}"
        while len(found := self._get(query)["data"]) < count:
            if time.monotonic() > give_up:
                raise TimeoutError(f"Phoenix holds {len(found)} spans of trace {trace_id}, not {count}")
            time.sleep(0.1)
        return sorted(map(_span, found), key=lambda span: span.span_id)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/healthz", timeout=1.0):
                return True
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10.0) as answer:
            return json.load(answer)


@contextmanager
def running(python: Path, folder: Path) -> Iterator[Phoenix]:
    """Starts the Phoenix of the environment of `python`, which takes some ten seconds, and stops it."""
    port, unused = free_port(), free_port()
    log = folder / "phoenix.log"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(unused),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
    }
    with log.open("wb") as told:
        server = subprocess.Popen(
            [str(python.with_name("phoenix")), "serve"], stdout=told, stderr=told, cwd=folder, env=environment
        )
    try:
        phoenix = Phoenix(f"http://127.0.0.1:{port}")
        give_up = time.monotonic() + _PATIENCE
        while not phoenix.is_ready():
            if server.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"Phoenix did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.1)
        yield phoenix
    finally:
        server.kill()
        server.wait()


def _span(found: Mapping[str, Any]) -> Span:
    """OTLP's names as Phoenix spells them."""
    return Span(
        trace_id=found["trace_id"],
        span_id=found["span_id"],
        parent_id=found["parent_span_id"],
        name=found["name"],
        kind=0,
        start_ns=found["start_time_unix_nano"],
        end_ns=found["end_time_unix_nano"],
        attributes=_plain(found["attributes"]),
        error=found["status"]["message"] if found["status"]["code"] == 2 else None,
        events=[
            Event(event["name"], event["time_unix_nano"], _plain(event["attributes"] or []))
            for event in found["events"] or []
        ],
    )


def _plain(attributes: list[Any]) -> dict[str, Any]:
    return {attribute["key"]: _value(attribute["value"]) for attribute in attributes}


def _value(value: Mapping[str, Any]) -> Any:
    for kind, content in value.items():
        if content is not None:
            match kind:
                case "array_value":
                    return [_value(item) for item in content["values"]]
                case "kvlist_value":
                    return _plain(content["values"])
                case _:
                    return content
    return None
