"""The code of an answer is found as a reader of Markdown sees it."""

import pytest

from policies.critique.verifiers.code_blocks import code_of

PYTHON = ("python", "py")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Here:\n```python\nx = 1\n```\nand\n```py\ny = 2\n```", "x = 1\ny = 2"),
        ("```bash\nls\n```\n```python\nx = 1\n```", "x = 1"),
        ("```\nx = 1\n```", "x = 1"),
        ("```bash\nls\n```", ""),
        ("~~~ python title=a\nx = '```'\n~~~", "x = '```'"),
        ("````python\n```\n````", "```"),
        ("```python\nx = 1", "x = 1"),
        ("no code", ""),
    ],
)
def test_blocks_are_found_by_their_language(answer: str, code: str) -> None:
    assert code_of(answer, PYTHON) == code
