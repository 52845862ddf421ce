"""The texts in their four splits, none of which holds a near copy of what another one holds.

What is held out is read first, then what is fresh: whatever is near one of their texts is left out of tuning, and what
is near one of those is left out of training. Within a split, near copies are left out too. `python -m
benchmarks.guardrails.injection.corpus` writes them as JSON lines; it runs in the environment that `prepared` makes,
since one set is kept as Parquet.
"""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from policies.guardrails.injection.model import Kind

ROOT: Final = Path(__file__).parents[3]
HOME: Final = ROOT / ".envs" / "injection"
_NEEDED: Final = ("msgspec", "numpy", "pyarrow==26.0.1", "pyyaml")
KEPT: Final = ("held_out", "fresh")
"""The splits that nothing is tuned on."""
_SEED: Final = 2026
_SHORTEST: Final = 8
_MOST_HELD_OUT: Final = 400
"""Benign texts of one source, so that none decides the figure; attacks are kept all."""
_MOST: Final = 4_000
"""Texts of one source that are trained or tuned on."""


class Text(msgspec.Struct, frozen=True):
    text: str
    attack: bool
    source: str
    place: Kind
    split: str


class Origin(msgspec.Struct, frozen=True):
    """One source in the manifest: how many texts it gave, and what was left out as near copies."""

    name: str
    attack: bool
    place: Kind
    split: str
    package: str
    licence: str
    texts: int
    copies: int
    sha256: str
    """Of the texts that were kept, in order."""


def prepared(say: Callable[[str], None]) -> tuple[list[Text], list[Origin]]:
    """Reads the splits; makes them first where they are not there yet."""
    texts, origins = HOME / "texts.jsonl", HOME / "origins.json"
    if not (texts.exists() and origins.exists()):
        python = HOME / "bin" / "python"
        if not python.exists():
            say(f"making {HOME.relative_to(ROOT)}, once")
            subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *_NEEDED], check=True, stdout=sys.stderr)
        subprocess.run([str(python), "-m", "benchmarks.guardrails.injection.corpus"], check=True, cwd=ROOT)
    return (
        [msgspec.json.decode(line, type=Text) for line in texts.read_bytes().splitlines()],
        msgspec.json.decode(origins.read_bytes(), type=list[Origin]),
    )


def main() -> None:
    from benchmarks.guardrails.injection.wheels import Wheels

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    wheels = HOME / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    texts: list[Text] = []
    origins: list[Origin] = []
    for origin, kept in _split(Wheels(wheels, say)):
        say(f"{origin.split:9} {origin.name:28} {origin.texts:6} texts, {origin.copies} near copies left out")
        texts += kept
        origins.append(origin)
    say(str(Counter((text.split, "attacks" if text.attack else "benign") for text in texts)))
    (HOME / "texts.jsonl").write_bytes(b"".join(msgspec.json.encode(text) + b"\n" for text in texts))
    (HOME / "origins.json").write_bytes(msgspec.json.encode(origins))


def _split(wheels: object) -> Iterator[tuple[Origin, list[Text]]]:
    from benchmarks.guardrails.injection.near import Near
    from benchmarks.guardrails.injection.sources import sources
    from benchmarks.guardrails.injection.wheels import Wheels

    assert isinstance(wheels, Wheels)
    random = np.random.default_rng(_SEED)
    others = Near(np.random.default_rng(_SEED))
    for split in ("held_out", "fresh", "tune", "train"):
        inside = Near(np.random.default_rng(_SEED))
        chosen: list[Text] = []
        for source in sources():
            if source.split != split:
                continue
            told = list(dict.fromkeys(text.strip() for text in source.read(wheels)))
            told = [text for text in told if len(text) >= _SHORTEST]
            most = len(told) if split in KEPT and source.attack else _MOST
            most = _MOST_HELD_OUT if split in KEPT and not source.attack else most
            kept: list[Text] = []
            copies = 0
            for place in random.permutation(len(told)):
                if len(kept) == most:
                    break
                text = told[place]
                if others.holds(text) or inside.holds(text, runs=False):
                    copies += 1
                    continue
                inside.add(text)
                kept.append(Text(text, source.attack, source.name, source.place, split))
            chosen += kept
            digest = hashlib.sha256("\0".join(text.text for text in kept).encode()).hexdigest()
            yield (
                Origin(
                    name=source.name,
                    attack=source.attack,
                    place=source.place,
                    split=split,
                    package=source.package,
                    licence=source.licence,
                    texts=len(kept),
                    copies=copies,
                    sha256=digest,
                ),
                kept,
            )
        for text in chosen:
            others.add(text.text)


if __name__ == "__main__":
    main()
