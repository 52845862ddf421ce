"""The pages of the documentation, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")])

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block. `str()` of it names the place, for messages of tests."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str, *, leaving: tuple[str, ...] = ()) -> Iterator[Block]:
    """All blocks in a language, but for pages that a test of their own looks after."""
    for page in PAGES:
        if page.name not in leaving:
            text = page.read_text()
            for found in _BLOCK.finditer(text):
                if found["language"] == language:
                    yield Block(page, text.count("\n", 0, found.start()) + 1, language, found["text"])


def without_code(text: str) -> str:
    """A page's text with its blocks and its inline code left out."""
    return re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", text))
