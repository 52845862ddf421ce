"""What self-critique can be told in the YAML."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from middleware.protocol import Settings
from middleware.self_critique.verifiers import Check
from policies.critique.settings import WorthSettings


class Predict(Settings):
    """When an answer that passes every check is critiqued all the same. A failed check is always reason enough."""

    logprob_below: Annotated[float, Field(le=0)] | None = None
    """The mean logarithm of its tokens' probabilities below which an answer counts as unsure; the client has to ask for
    `logprobs`."""

    blind: bool = False
    """To critique every answer, though nothing says that it is wrong. Models make many right answers worse that way."""


class Budget(Settings):
    """What critique of one answer may take."""

    tokens: Annotated[int, Field(ge=100)] = 8000
    """Of all calls together, prompts included. A call that is not expected to fit is not made."""

    seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    """What is not there by then is dropped, and the original goes out."""


class SelfCritiqueSettings(Settings):
    verifiers: tuple[Check, ...] = ("json_schema",)
    """What answers are checked by, all of them: `json_schema` (the schema that the client asks for), or a check with
    settings of its own."""

    model: str = ""
    """Which model criticises and revises; the one that answered, if this is empty."""

    critic: Literal["verifier", "model"] = "verifier"
    """Who says what is wrong where a check failed: the check itself, or the model, shown what the check says."""

    constrain: bool = True
    """To revise under the owner's schema where an answer fails it and the client asked for no form: as structured
    output, which servers hold the model to. One that refuses is asked without."""

    max_rounds: Annotated[int, Field(ge=1, le=5)] = 1
    """How often an answer is revised, at the most."""

    predict: Predict = Predict()
    """When to look closer at an answer that passes."""

    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The share of the answers predicted low that are left as they are, to tell what critique adds, until more is
    known."""

    explore: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The share of the answers predicted low that are critiqued where it was switched off: how it comes back."""

    price: Annotated[float, Field(ge=0, le=1)] = 0.0
    """What it takes from the reward, from 0 to 1, to ask a model for one answer: what critique must add at least. Where
    `reward` counts cost or latency, those of critique are in it already."""

    strata: tuple[Literal["kind", "variant"], ...] = ("kind",)
    """For what kinds of calls its worth is told apart: by the request's kind (structured, tools, question, long
    question), by the variant, or both."""

    budget: Budget = Budget()
    """What critique of one answer may take."""

    streaming: Literal["skip", "buffer"] = "skip"
    """Whether streamed answers pass unchecked, or are held back whole."""

    @property
    def worth(self) -> WorthSettings:
        """How it is put to the test."""
        return WorthSettings(holdout=self.holdout, explore=self.explore, price=self.price)

    @property
    def buffers(self) -> bool:
        return self.streaming == "buffer"

    @field_validator("model")
    @classmethod
    def _known(cls, model: str, info: ValidationInfo) -> str:
        models: Sequence[str] = (info.context or {}).get("models", ())
        if model and models and model not in models:
            raise ValueError(f"no model called {model!r}; there are {', '.join(models)}")
        return model
