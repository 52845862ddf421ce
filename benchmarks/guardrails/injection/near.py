"""Which texts are near copies of others: attack sets copy one another, and a copy tells nothing about what is new.

Two texts are near where they share eight words in a row, or where so many of their four-character pieces are the same
that MinHash takes them for the same text (Broder 1997: similarity of 0.7 and more, from 64 values in bands of four).
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WORD: Final = re.compile(r"\w+")
_RUN: Final = 8
_VALUES: Final = 64
_BAND: Final = 4
_ALIKE: Final = 0.7
_MOST: Final = 20_000
"""Characters that are looked at."""


class Near:
    """Texts that were seen; ask before you add."""

    def __init__(self, random: np.random.Generator) -> None:
        self._factors = random.integers(1, 2**63, _VALUES, dtype=np.uint64) | np.uint64(1)
        self._runs: set[bytes] = set()
        self._bands: dict[tuple[int, bytes], list[NDArray[np.uint64]]] = {}

    def add(self, text: str) -> None:
        self._runs.update(_runs(text))
        values = self._values(text)
        for band in _bands(values):
            self._bands.setdefault(band, []).append(values)

    def holds(self, text: str, *, runs: bool = True) -> bool:
        """Whether it is near one of them. Without `runs`, only as a whole."""
        if runs and any(run in self._runs for run in _runs(text)):
            return True
        values = self._values(text)
        return any(
            float((values == other).mean()) >= _ALIKE for band in _bands(values) for other in self._bands.get(band, ())
        )

    def _values(self, text: str) -> NDArray[np.uint64]:
        told = " ".join(_words(text)).encode()
        data = np.frombuffer(told.ljust(4), np.uint8).astype(np.uint64)
        pieces = data[:-3] | data[1:-2] << np.uint64(8) | data[2:-1] << np.uint64(16) | data[3:] << np.uint64(24)
        pieces = np.unique(pieces * np.uint64(0x9E3779B97F4A7C15))
        values: NDArray[np.uint64] = ((pieces ^ pieces >> np.uint64(31))[None] * self._factors[:, None]).min(axis=1)
        return values


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_MOST].lower())


def _runs(text: str) -> Iterator[bytes]:
    words = _words(text)
    for start in range(len(words) - _RUN + 1):
        yield blake2b(" ".join(words[start : start + _RUN]).encode(), digest_size=8).digest()


def _bands(values: NDArray[np.uint64]) -> Iterator[tuple[int, bytes]]:
    for start in range(0, _VALUES, _BAND):
        yield start, values[start : start + _BAND].tobytes()
