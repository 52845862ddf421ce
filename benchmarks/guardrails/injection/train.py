"""Makes the classifier's weights: `python -m benchmarks.guardrails.injection.train`. The same texts make the same file.

A logistic regression over the features of stretches, on the texts for training. What is labelled is a text, not a
stretch: after a first fit, only the stretches of an attack that look like one stay attacks (as in multiple-instance
learning), and what looks benign all through is left out, since sets of attacks hold much that is none. Each source
counts by the square root of its texts, and attacks as much as what is benign. The texts for tuning give the
calibration (Platt) and, for each kind of text, the two thresholds; those held out and those fresh are not read.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # it comes without types
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # it comes without types

from benchmarks.guardrails.injection.corpus import KEPT, ROOT, Text, prepared
from policies.guardrails.injection.features import BITS, features
from policies.guardrails.injection.model import KINDS, InjectionModel, stretches
from policies.guardrails.injection.reading import read

FOLDER: Final = ROOT / "policies" / "guardrails" / "injection"
VERSION: Final = 2
_SEED: Final = 2026
_STRENGTH: Final = 1.0
"""The inverse of the regularisation, chosen on the texts for tuning."""
_ROUNDS: Final = 2
_MOST: Final = 8
"""Stretches of one text that are trained on."""
_PLAIN: Final = 0.75
"""An attack that looks less like one than so many benign stretches do is taken for a wrong label."""
_LONGEST: Final = 60_000
_SURE: Final = 0.0005
"""Of one kind's benign texts for tuning that `sure` may take for attacks: a twentieth of what is promised, since texts
of other sources look like attacks that much more often."""
_UNSURE: Final = 0.05


class Rows(NamedTuple):
    """A row a stretch; `owner` is the place of its text."""

    matrix: Any
    owner: NDArray[np.int64]


def main() -> None:
    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    texts, origins = prepared(say)
    train = [text for text in texts if text.split == "train"]
    tune = [text for text in texts if text.split == "tune"]
    say(f"{len(train)} texts to train on, {len(tune)} to tune on")
    coefficients, bias = fitted(train, say)
    words, words_scale = _rounded(coefficients[: 2**BITS])
    grams, grams_scale = _rounded(coefficients[2**BITS :])
    constants = {"words_scale": words_scale, "grams_scale": grams_scale, "bias": bias, "version": float(VERSION)}
    blank = {f"{name}_{kind}": 1.0 for name in ("sure", "unsure") for kind in KINDS}
    model = InjectionModel(words, grams, constants | blank | {"slope": 1.0, "intercept": 0.0})
    say("calibrating")
    scores = np.array([model.score(text.text) for text in tune])
    attack = np.array([text.attack for text in tune])
    platt = LogisticRegression(C=1e6).fit(scores[:, None], attack, sample_weight=_balanced(tune))
    constants |= {"slope": float(platt.coef_[0, 0]), "intercept": float(platt.intercept_[0])}
    model = InjectionModel(words, grams, constants | blank)
    chances = np.array([model.chance(score) for score in scores])
    for kind in KINDS:
        benign = chances[[not text.attack and text.place == kind for text in tune]]
        constants |= {
            f"sure_{kind}": float(np.quantile(benign, 1 - _SURE)),
            f"unsure_{kind}": float(np.quantile(benign, 1 - _UNSURE)),
        }
        say(f"{kind}: sure from {constants[f'sure_{kind}']:.4f}, unsure from {constants[f'unsure_{kind}']:.4f}")
    for source, place in dict.fromkeys((text.source, text.place) for text in tune):
        of = chances[[text.source == source for text in tune]]
        shares = [f"{(of >= constants[f'{name}_{place}']).mean():.3f}" for name in ("sure", "unsure")]
        say(f"  {source:28} {place:12} {' '.join(shares)}")
    _write(FOLDER / "weights.npz", words, grams, constants)
    manifest = {
        "about": "What the weights were made of, by benchmarks/guardrails/injection/train.py.",
        "version": VERSION,
        "seed": _SEED,
        "constants": constants,
        "sources": [origin for origin in origins if origin.split not in KEPT],
    }
    (FOLDER / "weights.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    say(f"wrote {FOLDER / 'weights.npz'}, {(FOLDER / 'weights.npz').stat().st_size / 1e6:.2f} MB")


def fitted(texts: Sequence[Text], say: Any) -> tuple[NDArray[np.float64], float]:
    """Coefficients of words and grams, and the bias."""
    rows = stretched(texts, np.random.default_rng(_SEED))
    attack = np.array([text.attack for text in texts])[rows.owner]
    kept = np.ones(len(attack), bool)
    model = LogisticRegression(C=_STRENGTH, max_iter=100, tol=1e-3)
    for turn in range(_ROUNDS):
        say(f"fitting {kept.sum()} stretches, round {turn + 1} of {_ROUNDS}")
        weights = _weights(texts, rows.owner[kept])
        model.fit(rows.matrix[kept], attack[kept], sample_weight=weights)
        scores = model.decision_function(rows.matrix)
        worst = np.full(len(texts), -np.inf)
        np.maximum.at(worst, rows.owner, scores)
        usual, plain = np.quantile(scores[~attack], [0.99, _PLAIN])
        kept = ~attack | (scores > usual) | ((scores >= worst[rows.owner]) & (scores > plain))
    return model.coef_[0], float(model.intercept_[0])


def stretched(texts: Sequence[Text], random: np.random.Generator) -> Rows:
    data: list[NDArray[np.float32]] = []
    columns: list[NDArray[np.int32]] = []
    ends, owner = [0], []
    for place, text in enumerate(texts):
        found = features(read(text.text[:_LONGEST]).plain)
        begins, lasts = stretches(found.size)
        chosen = np.arange(len(begins))
        if len(begins) > _MOST:
            chosen = np.sort(random.choice(len(begins), _MOST, replace=False))
        for begin, last in zip(begins[chosen], lasts[chosen], strict=True):
            inside = (found.words_at >= begin) & (found.words_at < last)
            words, times = np.unique(found.words[inside], return_counts=True)
            grams, many = np.unique(found.grams[begin:last], return_counts=True)
            columns += [words.astype(np.int32), (grams + 2**BITS).astype(np.int32)]
            data += [_shared(times), _shared(many)]
            ends.append(ends[-1] + len(words) + len(grams))
            owner.append(place)
    shape = (len(owner), 2 * 2**BITS)
    return Rows(csr_matrix((np.concatenate(data), np.concatenate(columns), ends), shape=shape), np.array(owner))


def _shared(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    shared: NDArray[np.float32] = (counts / np.sqrt(max(1, counts.sum()))).astype(np.float32)
    return shared


def _weights(texts: Sequence[Text], owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of stretches: a text's are one together, a source counts by the root of its texts, attacks are half of it all."""
    names = np.array([text.source for text in texts])[owner]
    attack = np.array([text.attack for text in texts])[owner]
    weights = 1 / np.bincount(owner, minlength=len(texts))[owner]
    for name in np.unique(names):
        weights[names == name] /= np.sqrt(weights[names == name].sum())
    for label in (True, False):
        weights[attack == label] /= weights[attack == label].sum()
    shared: NDArray[np.float64] = weights * len(owner) / 2
    return shared


def _balanced(texts: Sequence[Text]) -> NDArray[np.float64]:
    attack = np.array([text.attack for text in texts])
    weights: NDArray[np.float64] = np.where(attack, 0.5 / attack.sum(), 0.5 / (~attack).sum()) * len(texts)
    return weights


def _rounded(values: NDArray[np.float64]) -> tuple[NDArray[np.int8], float]:
    """As signed roots in int8, and what their squares are to be multiplied by: most weights are small."""
    scale = float(np.abs(values).max() / 127**2)
    return np.round(np.sign(values) * np.sqrt(np.abs(values) / scale)).astype(np.int8), scale


def _write(path: Path, words: NDArray[np.int8], grams: NDArray[np.int8], constants: dict[str, float]) -> None:
    told = io.BytesIO()
    names = np.array(list(constants))
    np.savez_compressed(told, words=words, grams=grams, names=names, constants=np.array(list(constants.values())))
    path.write_bytes(told.getvalue())


if __name__ == "__main__":
    main()
