"""`.ci/total.py`: the last line of a run says how many tests passed, and none passed is a failure."""

import subprocess
import sys
from pathlib import Path

TOTAL = Path(__file__).parents[2] / ".ci/total.py"


def total(folder: Path, **reports: str) -> tuple[int, str]:
    for name, counts in reports.items():
        (folder / f"{name}.xml").write_text(f"<testsuites><testsuite {counts}/></testsuites>")
    done = subprocess.run([sys.executable, TOTAL, folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_reports_are_added_up(tmp_path: Path) -> None:
    quick, slow = 'tests="10" failures="0" errors="0" skipped="2"', 'tests="5" failures="0" errors="0" skipped="0"'
    assert total(tmp_path, quick=quick, slow=slow) == (0, "13 passed, 0 failed, 2 skipped\n")


def test_failures_and_errors_fail_the_run(tmp_path: Path) -> None:
    assert total(tmp_path, quick='tests="10" failures="1" errors="1"') == (1, "8 passed, 2 failed, 0 skipped\n")


def test_no_report_at_all_fails_the_run(tmp_path: Path) -> None:
    assert total(tmp_path) == (1, "0 passed, 0 failed, 0 skipped\n")
