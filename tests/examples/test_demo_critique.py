"""The demonstration of critique runs as it is, with the small model that users get, and shows that it helps."""

import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demonstration_shows_that_more_answers_fit_their_schema() -> None:
    done = subprocess.run(
        [sys.executable, "examples/demo_critique.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=720,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"^fit the schema +(\d+)/(\d+) .* (\d+)/(\d+) ", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    before, of, after, of_again = map(int, found.groups())
    assert of == of_again == 32
    assert after > before
    assert re.search(r"A revision took \d+ tokens and [\d.]+ s", done.stdout)
    assert "$ burnish show" in done.stdout
    assert "critiqued" in done.stdout
