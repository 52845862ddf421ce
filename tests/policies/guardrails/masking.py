"""A text with what was found in it masked: as a whole, and streamed in pieces."""

from collections.abc import Iterable

from policies.guardrails.matching import Matcher
from policies.guardrails.scanner import Scanner, Span

MASK = "█"


def masked(matcher: Matcher, text: str, *, json: bool = False) -> str:
    told: list[str] = []
    after = 0
    for match in matcher.find(text, json=json):
        told += (text[after : match.start], MASK)
        after = match.end
    return "".join((*told, text[after:]))


def streamed(matcher: Matcher, pieces: Iterable[str], *, json: bool = False) -> list[Span]:
    """All that comes out; at no time is more held back than the matcher says."""
    scanner = Scanner(matcher, json=json)
    spans: list[Span] = []
    for piece in pieces:
        spans += scanner.feed(piece)
        assert scanner.held <= matcher.longest
    spans += scanner.end()
    assert scanner.held == 0
    return spans


def mask(spans: Iterable[Span]) -> str:
    return "".join(span.text if span.match is None else "" if span.goes_on else MASK for span in spans)


def cut(text: str, size: int, first: int = 0) -> list[str]:
    """In pieces of a size, but for the `first` characters."""
    return [text[:first], *(text[at : at + size] for at in range(first, len(text), size))]
