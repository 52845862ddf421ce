"""Other detectors that run here, each in an environment of its own under `.envs`."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.guardrails.injection.corpus import ROOT
from benchmarks.guardrails.injection.figures import Said


class Peer(NamedTuple):
    """`threshold` is its own; `packages` are installed without what they ask for, `needs` with it."""

    name: str
    title: str
    packages: tuple[str, ...]
    needs: tuple[str, ...]
    threshold: float


PEERS: Final = (
    Peer("picket", "Picket (aicordon 1.4.0), rules", ("aicordon==1.4.0",), (), 0.5),
    Peer(
        "guardify",
        "prompt-guardrail 1.0.1, TF-IDF and logistic regression",
        ("prompt-guardrail==1.0.1",),
        ("joblib", "scikit-learn"),
        0.5,
    ),
    Peer(
        "cloneguard",
        "CloneGuard 0.6.0, MiniLM tuned to the task (90 MB)",
        ("cloneguard==0.6.0",),
        ("numpy", "onnxruntime", "pyyaml", "transformers"),
        0.5,
    ),
)


def heard(peer: Peer, texts: Sequence[str], say: Callable[[str], None]) -> list[Said]:
    """What it says of each text."""
    python = _installed(peer, say)
    script = Path(__file__).parent / "peer_script.py"
    asked = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([str(python), str(script), peer.name], input=asked, text=True, stdout=-1, check=True)
    return [Said(*json.loads(line)) for line in done.stdout.splitlines()]


def _installed(peer: Peer, say: Callable[[str], None]) -> Path:
    home = ROOT / ".envs" / f"injection-{peer.name}"
    python, mark = home / "bin" / "python", home / "installed"
    wanted = " ".join((*peer.packages, *peer.needs))
    if not (mark.exists() and mark.read_text() == wanted):
        say(f"installing {wanted} into {home.relative_to(ROOT)}, once")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", *peer.packages], check=True, stdout=sys.stderr)
        if peer.needs:
            subprocess.run([*pip, *peer.needs], check=True, stdout=sys.stderr)
        mark.write_text(wanted)
    return python
