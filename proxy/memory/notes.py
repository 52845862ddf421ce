"""What the keeper of an agent's memory writes down for itself; all of it can be made again from the record."""

from typing import Final

import msgspec

from policies.retrieval.uplift import UpliftState
from stores.insights import InsightStore

_encode: Final = msgspec.msgpack.Encoder().encode


class Notes(msgspec.Struct):
    """`scores`, `settled` and `changes` are cursors: of scores, of the runs whose rewards are in, of the insights that
    the index has. `collection` is the one that the index has them in: its tenant, embedder's space and size."""

    ruled_by: str = ""
    scores: int = 0
    settled: int = 0
    changes: int = 0
    collection: tuple[str, str, int] | None = None
    rebuild: bool = False
    """The index is to be made anew."""

    early: dict[str, int] = {}
    """Runs that something was said of and that are not there yet, with when to give up waiting."""

    charges: list[tuple[int, str]] = []
    """Whom admissions of the last day were charged to, and when."""

    uplift: UpliftState = msgspec.field(default_factory=UpliftState)
    harmful: list[str] = []
    screened: str = ""
    """By which version of the rules all that is admitted was screened."""

    def encoded(self) -> bytes:
        return _encode(self)


def has_shelf(agent: str, insights: InsightStore) -> bool:
    """Whether any of an agent's answers may be in the index."""
    noted = insights.noted(agent)
    return noted is not None and notes_of(noted.document).collection is not None


_DECODER: Final = msgspec.msgpack.Decoder(Notes)


def notes_of(document: bytes) -> Notes:
    """Empty ones where they were written by another version of Burnish, or nothing was written yet."""
    try:
        return _DECODER.decode(document)
    except msgspec.MsgspecError:
        return Notes()
