"""What an agent's answers earn: which scores count how much, and what cost and latency take away."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from proxy.config.fields import NOT_A_FLAG, Real, Strict
from proxy.config.units import Duration

RECORDED: Final = "reward"
"""The evaluator under which rewards themselves are kept among the scores."""


def _two(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("expected two numbers, such as [0, 1]")
    return value


Span = Annotated[tuple[Real, Real], BeforeValidator(_two, json_schema_input_type=tuple[Real, Real])]
"""From the worst to the best."""


class RewardScore(Strict):
    """How one evaluator's scores count."""

    weight: Real = Field(
        default=1.0, description="Positive weights make an average, what has a negative one is subtracted."
    )
    range: Span = Field(
        default=(0.0, 1.0),
        description="Its worst and its best value; what lies outside counts as the nearer. `[1, 0]`: less is better.",
    )

    @field_validator("range")
    @classmethod
    def _is_one(cls, range: tuple[float, float]) -> tuple[float, float]:
        if range[0] == range[1]:
            raise ValueError("the worst and the best value must differ")
        return range

    def scaled(self, value: float) -> float:
        """0 for the worst, 1 for the best."""
        worst, best = self.range
        return min(1.0, max(0.0, (value - worst) / (best - worst)))


def _weighed(value: object) -> object:
    return value if isinstance(value, dict | RewardScore) else {"weight": value}


Weighed = Annotated[RewardScore, BeforeValidator(_weighed, json_schema_input_type=Real | RewardScore)]
"""A weight, or a weight and a range."""


class Reward(Strict):
    """What a session (or whatever else keeps its variant) earns for its variant, where routing learns."""

    scores: dict[Annotated[str, Field(min_length=1)], Weighed] = Field(
        default_factory=lambda: {"thumbs": RewardScore()},
        description="Evaluators that count, each with its weight, or `{weight, range}`; left out, `thumbs`.",
    )
    cost: Real = Field(default=0.0, ge=0, description="Subtracted per US dollar that the calls cost.")
    latency: Real = Field(default=0.0, ge=0, description="Subtracted per second that a call takes in the mean.")
    wait: Duration = Field(default=3600.0, gt=0, description="How long scores are waited for after the last call.")
    missing: Literal["ignore"] | Annotated[float, Field(ge=0, le=1), NOT_A_FLAG] = Field(
        default="ignore",
        description="What an evaluator that never spoke counts as, from 0 to 1; `ignore` goes by the others, if any.",
    )
    bounds: Span = Field(
        default=(0.0, 1.0), description="The worst and the best reward; what lies outside counts as the nearer."
    )
    every: Duration = Field(default=10.0, gt=0, description="How often traffic is shared out anew.")

    @model_validator(mode="after")
    def _earns_something(self) -> "Reward":
        if not (any(score.weight for score in self.scores.values()) or self.cost or self.latency):
            raise ValueError("nothing counts: name a score with a weight, or a cost or a latency")
        if RECORDED in self.scores:
            raise ValueError(f"scores: {RECORDED!r} is what rewards themselves are kept as; name what they come from")
        low, high = self.bounds
        if low >= high:
            raise ValueError(f"bounds: {low:g} is not below {high:g}")
        return self
