"""What a call was shown of past answers, and with what probability: a fact, from which uplift is told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswersShown:
    """`ids` are all that qualified, best first, with their `similarities`; `shown` tells which of them the model saw.

    A call is held out as a whole with probability `holdout` (then none is shown); else each answer is left out on its
    own with probability `drop`. What did not fit the token budget is not among the ids. `model` and `instructions` (a
    digest, see `policies.retrieval.validity`) are those the call was made under, as the step saw them: an answer that
    comes of this run is valid for calls like it. `observed`: the step only looked on, and the model saw none of them.
    """

    ids: tuple[str, ...]
    similarities: tuple[float, ...]
    shown: tuple[bool, ...]
    held_out: bool
    holdout: float
    drop: float
    model: str = ""
    instructions: str = ""
    observed: bool = False
