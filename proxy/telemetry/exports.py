"""All that goes to an OTLP receiver: the trace of each run, and each score as a span in the trace of its run.

Both have a connection of their own, so that neither waits for the other.
"""

import os
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from proxy.config.model import Config, Records
from proxy.telemetry.content import score_filter
from proxy.telemetry.export import Exporter
from proxy.telemetry.export_scores import ScoreExporter
from proxy.telemetry.receiver import Receiver
from proxy.telemetry.resource import service_of
from stores.tail import Tail


class Exports(NamedTuple):
    traces: Exporter
    scores: ScoreExporter

    def close(self, patience: float) -> None:
        """Sends what is pending, the traces first, for as long as `patience` seconds."""
        deadline = time.monotonic() + patience
        self.traces.close(patience)
        self.scores.close(max(0.0, deadline - time.monotonic()))


def exports_of(
    config: Config,
    records: Records,
    tail: Tail,
    *,
    start: Mapping[str, int],
    clock: Callable[[], float],
    random: Random,
) -> Exports | None:
    """To the receiver that `telemetry.otlp` names, traces from `start` on; None where it names none.

    `records` are those that this process keeps, whatever `config` has come to say of them.
    """
    telemetry = config.telemetry
    if telemetry.otlp is None:
        return None
    endpoint = telemetry.otlp
    headers = {name: value.get_secret_value() for name, value in telemetry.headers.items()}
    compress = os.environ.get("OTEL_EXPORTER_OTLP_COMPRESSION") == "gzip"

    def receiver() -> Receiver:
        return Receiver(endpoint, headers, compress=compress)

    return Exports(
        Exporter(
            tail,
            receiver(),
            records.dir / "exported.json",
            start=start,
            body_limit=telemetry.body_limit,
            random=random,
            clock=clock,
        ),
        ScoreExporter(
            records.database,
            receiver(),
            records.dir / "exported-scores.json",
            # Of a record that begins now, all is yet to come, even what was said before the ledger is opened here.
            start=None if start else 0,
            # Not of this process: who sends a score again after a restart, or on another machine, sends the same span.
            resource=service_of(telemetry),
            shown=score_filter(config),
            body_limit=telemetry.body_limit,
            random=random,
            clock=clock,
        ),
    )
