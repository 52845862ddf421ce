"""The demonstration of retrieval runs as it is, with the small model that users get, and shows that it helps."""

import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demonstration_shows_that_the_best_past_answers_help() -> None:
    """Twelve minutes at the most, as the documentation says; about one on an idle machine."""
    done = subprocess.run(
        [sys.executable, "examples/demo_retrieval.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=720,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, of, after, of_again = map(
        int, *re.findall(r"^all .*?(\d+)/(\d+) .*?(\d+)/(\d+)", done.stdout, re.MULTILINE)
    )
    assert of == of_again == 32
    assert (after - before) / of >= 0.2
    assert "$ burnish memory assistant" in done.stdout
