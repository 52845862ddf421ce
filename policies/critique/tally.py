"""How often an answer was right, was flagged, was made right and was made wrong: counts of labelled calls."""

from typing import NamedTuple

import msgspec


class Tried(NamedTuple):
    """One call that chance alone kept from critique or not, once all is known of it that will be.

    `probability` is that of the arm it was in. `flagged` is None where nobody looked. `asked`: a model was asked for a
    critique. `reward`, from 0 to 1, is that of the answer that the client was shown. `before` is what the first answer
    was worth and `after` what the one in its place was, judged alike; of an answer that was not revised, both are its
    worth. None where nobody judged it.
    """

    stratum: str
    on: bool
    probability: float
    flagged: bool | None = None
    revised: bool = False
    accepted: bool = False
    asked: bool = False
    reward: float | None = None
    before: float | None = None
    after: float | None = None
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0

    @property
    def paired(self) -> bool:
        """Whether it is known what critique did to this answer."""
        return self.before is not None and self.after is not None

    @property
    def gain(self) -> float:
        """What critique added to what the client was shown."""
        return self.after - self.before if self.accepted and self.before is not None and self.after is not None else 0.0


class Tally(msgspec.Struct):
    """Of critiqued calls. An answer that is worth .7 is right by .7 and wrong by .3.

    `flagged` and `passed` count all of them, judged or not; the rest those of which is known what critique did: of
    the right ones and the wrong ones how many were flagged and passed, and of the flagged ones what became of them.
    """

    flagged: int = 0
    passed: int = 0
    right_flagged: float = 0.0
    wrong_flagged: float = 0.0
    right_passed: float = 0.0
    wrong_passed: float = 0.0
    broken: float = 0.0
    fixed: float = 0.0

    @property
    def right(self) -> float:
        return self.right_flagged + self.right_passed

    @property
    def wrong(self) -> float:
        return self.wrong_flagged + self.wrong_passed

    def add(self, call: Tried) -> None:
        if not call.on or call.flagged is None:
            return
        self.flagged += call.flagged
        self.passed += not call.flagged
        if call.before is None or call.after is None:
            return
        if call.flagged:
            self.right_flagged += call.before
            self.wrong_flagged += 1 - call.before
            self.fixed += max(0.0, call.gain)
            self.broken += max(0.0, -call.gain)
        else:
            self.right_passed += call.before
            self.wrong_passed += 1 - call.before
