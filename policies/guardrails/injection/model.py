"""The classifier for prompt injection: a linear model over hashed words and pieces of words, in numpy alone.

Each stretch of a text is scored by itself, so that an order in the middle of a long page counts as much as one that
stands alone; the text's probability is that of its worst stretch. Time is linear in the text's length: some 0.4 ms for
2 kB. How the weights were made, and on which texts, is told in `weights.json` beside them.
"""

from importlib.resources import files
from io import BytesIO
from typing import Any, Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.guardrails.injection.decoding import decoded
from policies.guardrails.injection.features import BITS, Features, features
from policies.guardrails.injection.reading import read

STRETCH: Final = 1_000
"""Bytes that are scored together. The next stretch begins in the middle of the one before, so that a passage of half
a stretch is whole in one of them."""
Kind: TypeAlias = Literal["user", "tool_result"]
KINDS: Final[tuple[Kind, ...]] = ("user", "tool_result")
"""Of text: what people say to the model or set it up with, and what a tool, a file or another's message brought."""
_FILE: Final = "weights.npz"


class InjectionModel:
    """`words` and `grams` are weights of `2**BITS` features each, as the signed roots (int8) of what is multiplied by
    their scale, and `constants` what turns a stretch into a probability: its score is `bias`, plus the sum of its
    words' weights over the square root of their number, plus the same of its grams; its probability is the logistic
    function of `slope * score + intercept`.

    From its kind's `sure` on, a text is taken for an attack; from `unsure` on, it is worth a judge's look. Any thread
    may ask.
    """

    def __init__(self, words: NDArray[np.int8], grams: NDArray[np.int8], constants: dict[str, float]) -> None:
        if words.shape != (2**BITS,) or grams.shape != (2**BITS,):
            raise ValueError(f"the weights are of {words.shape} and {grams.shape} features, not of {2**BITS}")
        self._words = _weights(words, constants["words_scale"])
        self._grams = _weights(grams, constants["grams_scale"])
        self._bias = constants["bias"]
        self._slope = constants["slope"]
        self._intercept = constants["intercept"]
        self.sure: dict[Kind, float] = {kind: constants[f"sure_{kind}"] for kind in KINDS}
        self.unsure: dict[Kind, float] = {kind: constants[f"unsure_{kind}"] for kind in KINDS}
        self.version = int(constants["version"])

    @classmethod
    def load(cls) -> Self:
        """The one that comes with Burnish."""
        told = (files("policies.guardrails.injection") / _FILE).read_bytes()
        with np.load(BytesIO(told), allow_pickle=False) as kept:
            return cls(
                kept["words"],
                kept["grams"],
                dict(zip(kept["names"].tolist(), kept["constants"].tolist(), strict=True)),
            )

    def probability(self, text: str) -> float:
        """That it tries to steer the model, as it stands or once decoded."""
        return self.chance(max(self.score(told) for told in (text, *decoded(text))))

    def score(self, text: str) -> float:
        """Of its worst stretch, before it is a probability."""
        return float(self.stretches(features(read(text).plain)).max())

    def chance(self, score: float) -> float:
        return float(1 / (1 + np.exp(-np.clip(self._slope * score + self._intercept, -50, 50))))

    def stretches(self, found: Features) -> NDArray[np.float64]:
        """The score of each stretch, in order."""
        begins, ends = stretches(found.size)
        words = np.bincount(found.words_at, self._words[found.words], found.size)
        grams = np.zeros(found.size)
        grams[: len(found.grams)] = self._grams[found.grams]
        counts = np.bincount(found.words_at, minlength=found.size)
        return (
            self._bias
            + _between(words, begins, ends) / np.sqrt(np.maximum(1, _between(counts, begins, ends)))
            + _between(grams, begins, ends) / np.sqrt(np.maximum(1, np.minimum(ends, len(found.grams)) - begins))
        )


def stretches(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where those of a text of so many bytes begin and end."""
    begins = np.arange(0, max(1, size - STRETCH // 2), STRETCH // 2)
    return begins, np.minimum(begins + STRETCH, size)


def _weights(roots: NDArray[np.int8], scale: float) -> NDArray[np.float32]:
    wide = roots.astype(np.float32)
    return wide * np.abs(wide) * np.float32(scale)


def _between(values: NDArray[Any], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    summed = np.zeros(len(values) + 1)
    np.cumsum(values, out=summed[1:])
    return summed[ends] - summed[begins]
