"""What self-critique can be told in the YAML."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from middleware.protocol import Settings
from policies.critique.settings import WorthSettings
from policies.critique.verifiers.json_schema import JsonSchema
from policies.critique.verifiers.regex import Patterns
from policies.critique.verifiers.verdict import BadCheck


class SchemaCheck(Settings):
    json_schema: dict[str, Any]
    """The schema that answers must fit, whatever the client asks for."""

    @field_validator("json_schema")
    @classmethod
    def _compiles(cls, schema: dict[str, Any]) -> dict[str, Any]:
        _made(lambda: JsonSchema(schema))
        return schema


class RegexCheck(Settings):
    regex: "str | RegexPatterns"
    """A pattern of RE2 that answers must match, or `must`, `never` and `say`."""

    @field_validator("regex")
    @classmethod
    def _compiles(cls, written: "str | RegexPatterns") -> "str | RegexPatterns":
        _made(lambda: patterns_of(written))
        return written


class RegexPatterns(Settings):
    must: tuple[str, ...] = ()
    """Patterns that are found in every answer."""

    never: tuple[str, ...] = ()
    """Patterns that are found in none."""

    say: str = ""
    """What the model is told where one is not kept; the patterns themselves, if this is empty."""


Check: TypeAlias = Literal["json_schema"] | SchemaCheck | RegexCheck


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


def patterns_of(written: str | RegexPatterns) -> Patterns:
    if isinstance(written, str):
        return Patterns([written])
    return Patterns(written.must, written.never, written.say)


def _made(make: Any) -> None:
    try:
        make()
    except BadCheck as error:
        raise ValueError(str(error)) from None
