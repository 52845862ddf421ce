"""The newest valid configuration for what works in steps: it asks now and then, where a worker is told."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Final

from proxy.config.files import stamp
from proxy.config.load import validate
from proxy.config.model import Config
from proxy.config.problems import ConfigError
from proxy.config.source import Source, read

_LOOK_EVERY: Final = 1.0


class Newest:
    """`newest()` is the configuration when it changed since it was last asked, and is valid.

    The files are looked at once a second. What is wrong with them the workers say.
    """

    def __init__(
        self,
        source: Source,
        config: Config,
        env: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = Path(source.file)
        self._stamps = source.stamps
        self._config = config
        self._env = env
        self._clock = clock
        self._asked = False
        self._look_at = 0.0

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def __call__(self) -> Config | None:
        now = self._clock()
        if not self._asked and now < self._look_at:
            return None
        self._look_at = now + _LOOK_EVERY
        if not self._asked and {path: stamp(path) for path in self._stamps} == self._stamps:
            return None
        self._asked = False
        source = read(self._file, self._env)
        self._stamps = source.stamps
        try:
            config = validate(source)
        except ConfigError:
            return None
        if config == self._config:
            return None
        self._config = config
        return config
