"""An environment of their own for the peers and for what makes up people's data: it is made once."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[3]
_HOME: Final = ROOT / ".envs" / "guardrail-peers"
_NEEDED: Final = ("detect-secrets==1.5.0", "presidio-analyzer==2.2.366", "faker==40.54.0")
_SENTENCES: Final = "presidio-evaluator==0.3.2"
"""For the sentences in it; what it needs to run is not installed."""


def python() -> Path:
    """The interpreter of that environment."""
    path = _HOME / "bin" / "python"
    if not (_HOME / "made").exists():
        print(f"making {_HOME.relative_to(ROOT)}, once", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
        pip = [str(path), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *_NEEDED], check=True, stdout=sys.stderr)
        subprocess.run([*pip, "--no-deps", _SENTENCES], check=True, stdout=sys.stderr)
        (_HOME / "made").touch()
    return path


def asked(module: str, *arguments: str, given: object = None) -> Any:
    """What a module of this folder says there, in JSON."""
    ran = subprocess.run(
        [str(python()), str(Path(__file__).with_name(f"{module}.py")), *arguments],
        check=True,
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    return json.loads(ran.stdout)


def of_peer(name: str, texts: Sequence[str]) -> list[list[tuple[int, int, str, float]]]:
    """What `presidio` or `detect-secrets` found in each text: start, end, kind and score."""
    return [[(*found,) for found in told] for told in asked("peers", name, given=list(texts))]
