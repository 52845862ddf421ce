"""Every Python example runs: the blocks of a page in order, as one script, against a real proxy."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import Reader
from tests.docs.pages import ROOT, blocks

EXAMPLES = list(blocks("python"))
PAGES = sorted({example.page for example in EXAMPLES})


def test_the_first_page_a_newcomer_sees_has_an_example() -> None:
    assert ROOT / "README.md" in PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page: Path, reader: Reader) -> None:
    script = "\n".join(example.text for example in EXAMPLES if example.page == page)
    done = subprocess.run(
        [sys.executable, "-c", reader.here(script)],
        cwd=reader.folder, env=reader.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "print(" in script:
        assert "You said: " in done.stdout
