"""Whatever is started through the tether ends with the process that started it."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from proxy.bundled import tether

TETHER = [sys.executable, "-I", "-S", tether.__file__]
STAYS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]

pytestmark = pytest.mark.parametrize(
    "how",
    [
        pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")),
        "watch",
    ],
)


def tethered(how: str, *command: str, preload: str = "") -> list[str]:
    return [*TETHER, how, str(os.getpid()), preload, *command]


def test_the_command_dies_when_its_parent_is_killed(how: str) -> None:
    script = f"""
        import os, subprocess
        command = [*{TETHER!r}, {how!r}, str(os.getpid()), "", *{STAYS!r}]
        subprocess.run(command)
    """
    parent = subprocess.Popen([sys.executable, "-c", dedent(script)], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
        # The command holds the other end of this pipe: reading it to the end waits for the command's death.
        assert parent.stdout.read() == b""


def test_a_parent_that_is_already_gone_has_nothing_started_for_it(how: str) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    command = [*TETHER, how, str(gone.pid), "", sys.executable, "-c", "import time; time.sleep(600); print('ran')"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.stdout == b""


def test_the_commands_end_is_the_tethers_end(how: str) -> None:
    assert subprocess.run(tethered(how, sys.executable, "-c", "raise SystemExit(7)"), check=False).returncode == 7
    suicide = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert subprocess.run(tethered(how, sys.executable, "-c", suicide), check=False).returncode == -15


def test_the_library_is_preloaded_into_the_command_alone(how: str) -> None:
    show = "import os; print(os.environ.get('LD_PRELOAD'))"
    command = tethered(how, sys.executable, "-c", show, preload="libdl.so.2")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "libdl.so.2\n"
    assert "LD_PRELOAD" not in os.environ
