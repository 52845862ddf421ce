"""The desk that a worker's calls ask now, and those before it, until the calls that asked them are over.

A configuration without past answers needs none; one that finds them elsewhere, or embeds otherwise, needs another.
"""

from proxy.config.model import Config, Records
from proxy.recall.desk import TIMEOUT, RecallDesk
from proxy.recall.library import Library, lasting, origins


class CurrentDesk:
    """`records` are those that the worker began with: where answers are kept stays as it was."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._desk: RecallDesk | None = None
        self._origins: object = None
        self._before: list[RecallDesk] = []

    @property
    def problem(self) -> str | None:
        """Why past answers cannot be had now; None too where nobody is shown any."""
        return self._desk.problem if self._desk is not None else None

    @property
    def works(self) -> bool:
        """Whether past answers can be looked up."""
        return self._desk is not None and self._desk.problem is None

    def desk_for(self, config: Config) -> RecallDesk:
        """The one there is, if it does; else another, which nobody has to close before it is taken."""
        config = lasting(config, self._records)
        if self._desk is not None and self._origins == origins(config):
            return self._desk
        return RecallDesk(Library(config, timeout=TIMEOUT), embeds_remotely=config.records.embedder != "bundled")

    def take(self, desk: RecallDesk | None, config: Config) -> None:
        """From now on calls ask this one, or none."""
        if self._desk is not None and self._desk is not desk:
            self._before.append(self._desk)
        self._desk = desk
        self._origins = origins(lasting(config, self._records))

    async def open(self) -> None:
        if self._desk is not None:
            await self._desk.open()

    async def close_idle(self) -> None:
        """Closes those of before that nobody waits for any more."""
        for desk in [desk for desk in self._before if not desk.busy]:
            self._before.remove(desk)
            await desk.aclose()

    async def aclose(self) -> None:
        for desk in (*self._before, *([self._desk] if self._desk is not None else [])):
            await desk.aclose()
