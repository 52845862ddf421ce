"""What is measured: each proxy, how it is started, and how its records are counted."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from benchmarks.traffic import KEY

LITELLM = "1.106.2"
ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "benchmarks" / "config"
LITELLM_HOME = ROOT / ".envs" / "litellm-proxy"


@dataclass(frozen=True)
class Place:
    """What one start of a subject is given: a free port, a folder of its own, and whom to talk to."""

    port: int
    folder: Path
    upstream: str
    sink: str

    @property
    def otlp(self) -> str:
        """The sink under a name nobody else exports to."""
        return f"{self.sink}/{self.port}"

    @property
    def log(self) -> Path:
        """All that the subject prints."""
        return self.folder / "log"

    def said(self) -> str:
        """The end of what the subject printed, for an error message."""
        tail = self.log.read_text(errors="replace")[-2000:]
        return f"its output ends:\n{tail}" if tail else "it said nothing"

    @property
    def database(self) -> Path:
        return self.folder / "records" / "burnish.db"


@dataclass(frozen=True)
class Subject:
    """A proxy under test; `command` is None for the provider itself, asked directly."""

    name: str
    title: str
    command: Callable[[Place], list[str]] | None = None
    env: Callable[[Place], Mapping[str, str]] = field(default=lambda place: {})
    records: bool = False
    """Whether it keeps a record of each call, which must be complete before its time is read."""
    exports: bool = False
    """Whether it sends a trace of each call to the sink, likewise."""
    every_api: bool = False
    """Whether it is measured in other APIs than chat completions too."""


def _floor(place: Place) -> list[str]:
    return [sys.executable, "-m", "benchmarks.floor", "--port", str(place.port)]


def _burnish(config: str) -> Callable[[Place], list[str]]:
    program = Path(sys.executable).with_name("burnish")
    return lambda place: [str(program), "serve", "--config", str(CONFIG / f"{config}.yaml")]


def _burnish_env(place: Place) -> dict[str, str]:
    return {
        "BENCH_LISTEN": f"127.0.0.1:{place.port}",
        "BENCH_UPSTREAM": f"{place.upstream}/v1",
        "BENCH_RECORDS": str(place.folder / "records"),
        "BENCH_OTLP": place.otlp,
        "PYTHONPATH": str(ROOT),
    }


def _litellm(place: Place) -> list[str]:
    program = str(LITELLM_HOME / "bin" / "litellm")
    return [program, "--config", str(CONFIG / "litellm.yaml"), "--host", "127.0.0.1", "--port", str(place.port)]


def _litellm_env(place: Place) -> dict[str, str]:
    # Its price table from its own package: the copy on the web would be fetched at every start.
    return {
        "BENCH_UPSTREAM": f"{place.upstream}/v1",
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


DIRECT = Subject("direct", "no proxy")
FLOOR = Subject("floor", "F: starlette, uvicorn, aiohttp", _floor, lambda place: {"UPSTREAM": f"{place.upstream}/v1"})
EMPTY = Subject("empty", "Burnish, chain empty", _burnish("empty"), _burnish_env)
UNRECORDED = Subject("unrecorded", "Burnish, default chain, no record", _burnish("unrecorded"), _burnish_env)
DEFAULT = Subject(
    "default", "Burnish, default chain", _burnish("default"), _burnish_env, records=True, exports=True, every_api=True
)
NOOP = Subject("noop", "Burnish, one more step", _burnish("noop"), _burnish_env, records=True, exports=True)
THOMPSON = Subject(
    "thompson", "Burnish, routing that learns", _burnish("thompson"), _burnish_env, records=True, exports=True
)
GUARDED = Subject("guarded", "Burnish, guardrails", _burnish("guarded"), _burnish_env, records=True, exports=True)
PEER = Subject("litellm", f"LiteLLM {LITELLM}", _litellm, _litellm_env)
SUBJECTS = {
    subject.name: subject for subject in (DIRECT, FLOOR, EMPTY, UNRECORDED, DEFAULT, NOOP, THOMPSON, GUARDED, PEER)
}


def install_litellm(say: Callable[[str], None]) -> None:
    """Gives LiteLLM's proxy an environment of its own, once."""
    mark = LITELLM_HOME / "installed"
    if mark.exists() and mark.read_text() == LITELLM:
        return
    say(f"installing litellm[proxy]=={LITELLM} into {LITELLM_HOME.relative_to(ROOT)}, once; a minute or two")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(LITELLM_HOME)], check=True)
    pip = [str(LITELLM_HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", f"litellm[proxy]=={LITELLM}"]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    mark.write_text(LITELLM)


def runs_stored(place: Place) -> int:
    """Runs that have reached the store."""
    if not place.database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{place.database}?mode=ro", uri=True, timeout=5)) as store:
        try:
            return int(store.execute("SELECT count(*) FROM runs").fetchone()[0])
        except sqlite3.OperationalError:  # the table is not there yet, or is being changed
            return 0


def exported(place: Place) -> dict[str, int]:
    """Spans and traces that have reached the sink."""
    with urlopen(place.otlp, timeout=30) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts
