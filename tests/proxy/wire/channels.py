"""What a step learns of an answer channel by channel, added up over the chunks it came in."""

from collections.abc import Iterable

from hypothesis import strategies as st

from middleware.messages import Channel, Chunk, Edit

WORDS = st.text(max_size=4)


def told(chunks: Iterable[Chunk]) -> dict[Channel, str]:
    """All that was said, by channel."""
    texts: dict[Channel, str] = {}
    for chunk in chunks:
        assert len({channel for channel, _ in chunk.pieces}) == len(chunk.pieces), "two pieces of one channel"
        for channel, text in chunk.pieces:
            assert text
            texts[channel] = texts.get(channel, "") + text
    return texts


@st.composite
def edits(draw: st.DrawFn, text: str) -> list[Edit]:
    """Any edits to a text: in order, and none over another."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [Edit(start, end, draw(WORDS)) for start, end in zip(places[::2], places[1::2], strict=False)]


def applied(text: str, made: list[Edit]) -> str:
    """The text after these edits."""
    for start, end, words in reversed(made):
        text = text[:start] + words + text[end:]
    return text
