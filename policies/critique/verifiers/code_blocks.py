"""The code of an answer: what stands in its fenced blocks, as Markdown has them."""

from collections.abc import Iterator
from typing import Final

_FENCES: Final = ("```", "~~~")


def code_of(answer: str, languages: tuple[str, ...]) -> str:
    """The blocks in one of these languages, one after the other; where none says its language, those that say nothing;
    "" where there is no such block."""
    blocks = list(_blocks(answer))
    chosen = [code for language, code in blocks if language in languages] or [
        code for language, code in blocks if not language
    ]
    return "\n".join(chosen)


def _blocks(answer: str) -> Iterator[tuple[str, str]]:
    """Language, in small letters, and code. A block that is never closed goes to the end, as renderers have it."""
    fence, language, lines = "", "", list[str]()
    for line in answer.splitlines():
        bare = line.strip()
        if fence:
            if bare.startswith(fence) and not bare.strip(fence[0]):
                yield language, "\n".join(lines)
                fence = ""
            else:
                lines.append(line)
        elif bare.startswith(_FENCES):
            length = len(bare) - len(bare.lstrip(bare[0]))
            fence, lines = bare[0] * length, []
            language = (bare[length:].strip().split() or [""])[0].lower()
    if fence:
        yield language, "\n".join(lines)
