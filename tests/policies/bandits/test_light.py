"""The hot path reads epochs and strata, and must not pay for numpy."""

import subprocess
import sys


def test_what_the_hot_path_needs_imports_no_numpy() -> None:
    code = "import sys, policies.bandits, policies.bandits.strata; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
