"""What the background process tries again later when it fails, and says once: it keeps the record, and may not end over
anything else."""

import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from stores.runs import StoreError

_LONGEST_DELAY: Final = 10.0


class _Trouble(NamedTuple):
    """Why something is not done now, and when that is tried again."""

    text: str
    delay: float
    until: float


class Attempts:
    """Tasks by what is not done while they fail. Times are seconds of a monotonic clock; `first` is that after which
    one is tried again, and each time twice as long."""

    def __init__(self, log: logging.Logger, *, first: float = 1.0) -> None:
        self._log = log
        self._first = first
        self._troubles: dict[str, _Trouble] = {}

    def forget(self) -> None:
        """All are tried again at once."""
        self._troubles = {}

    def attempt(self, failing: str, works: str, now: float, task: Callable[[], bool | None]) -> bool:
        """Does the task, unless it failed just now: whether there is more of it. `failing` and `works` are said of it
        when it fails and when it no longer does."""
        trouble = self._troubles.get(failing)
        if trouble is not None and now < trouble.until:
            return False
        try:
            more = bool(task())
        except Exception as error:
            delay = min(_LONGEST_DELAY, trouble.delay * 2) if trouble else self._first
            text = " ".join(str(error).split())
            told = text if isinstance(error, StoreError) else f"{type(error).__name__}: {text}"
            if trouble is None or trouble.text != told:
                self._log.error("%s for now, and nothing is lost: %s", failing, told)
            self._troubles[failing] = _Trouble(told, delay, now + delay)
            return False
        if self._troubles.pop(failing, None) is not None:
            self._log.warning("%s", works)
        return more
