"""What the classifier sees of a text: hashes of its words, of words in a row, and of every four bytes.

All of it is numpy over the text's bytes: a word's hash comes from sums over the text's prefix (a polynomial modulo
2**64, whose base can be divided by), so that no word is ever cut out. Digits count as one digit.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BITS: Final = 19
"""A feature is a number below `2**BITS`; features that fall together share a weight."""
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_INVERSE: Final = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))
_SPREAD: Final = np.uint64(0xD6E8FEB86659FD93)
_SECOND: Final = np.uint64(0xA0761D6478BD642F)
_THIRD: Final = np.uint64(0xE7037ED1A0B428DB)
_BYTES: Final = np.uint64(0x8EBC6AF09C88C6E3)
_LETTERS: Final = np.array([chr(code).isalnum() or code >= 0x80 for code in range(256)])
"""A byte of a letter outside ASCII is part of a word."""
_DIGITS: Final = np.arange(256, dtype=np.uint8)
_DIGITS[ord("0") : ord("9") + 1] = ord("0")


class Features(NamedTuple):
    """Numbers below `2**BITS`. `words` are of one word, of two and of three, each with the byte where it begins."""

    words: NDArray[np.int64]
    words_at: NDArray[np.int64]
    grams: NDArray[np.int64]
    size: int
    """Bytes; the grams begin at 0, 1, 2 and so on."""


def features(plain: str) -> Features:
    """Of text as `reading` tells it: lower case, single spaces."""
    told = np.frombuffer(f" {plain} ".encode("utf-8", "replace"), np.uint8)
    told = _DIGITS[told]
    words, words_at = _words(told)
    four = told.astype(np.uint64)
    four = four[:-3] | four[1:-2] << np.uint64(8) | four[2:-1] << np.uint64(16) | four[3:] << np.uint64(24)
    return Features(words, words_at, _spread(four * _BYTES), len(told))


def _words(told: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    inside = _LETTERS[told]
    turns = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    begins, ends = turns[::2], turns[1::2]
    if not len(begins):
        none = np.empty(0, np.int64)
        return none, none
    powers = np.full(len(told), _BASE)
    powers[0] = 1
    summed = np.zeros(len(told) + 1, np.uint64)
    np.cumsum((told + np.uint64(1)) * np.cumprod(powers), out=summed[1:])
    back = np.full(int(begins[-1]) + 1, _INVERSE)
    back[0] = 1
    one = (summed[ends] - summed[begins]) * np.cumprod(back)[begins]
    one ^= one >> np.uint64(29)
    two = one[:-1] * _SECOND + one[1:]
    three = two[:-1] * _THIRD + one[2:]
    found = np.concatenate([_spread(one), _spread(two), _spread(three)])
    at = np.concatenate([begins, begins[: len(two)], begins[: len(three)]])
    return found, at


def _spread(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    hashes = (hashes ^ hashes >> np.uint64(32)) * _SPREAD
    return (hashes >> np.uint64(64 - BITS)).astype(np.int64)
