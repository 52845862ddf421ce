"""How each check is written in the YAML."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from middleware.protocol import Settings
from policies.critique.verifiers.json_schema import JsonSchema
from policies.critique.verifiers.numeric import Numeric
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


class NumericCheck(Settings):
    numeric: "NumericRules"
    """What the numbers of an answer must be."""

    @field_validator("numeric")
    @classmethod
    def _compiles(cls, written: "NumericRules") -> "NumericRules":
        _made(lambda: numeric_of(written))
        return written


class NumericRules(Settings):
    at: str | None = None
    """Where the number is in an answer of JSON, such as `/total`; the last one of the text, if this is left out."""

    min: float | None = None
    """The least it may be."""

    max: float | None = None
    """The most it may be."""

    whole: bool = False
    """That it is a whole number."""

    unit: tuple[str, ...] = ()
    """Of which one stands beside it, such as `kg` or `€`."""

    equations: bool = False
    """That each equation of the answer's, such as 3 * 4 = 12, holds."""


_FUNCTION: Final = r"^[\w.]+:\w+$"


class Apart(Settings):
    """How a check runs that runs in a process of its own."""

    seconds: Annotated[float, Field(gt=0, le=120)] = 5.0
    """How long one may take."""

    memory: Annotated[int, Field(ge=64, le=65536)] = 512
    """How much memory it may use, in MiB."""

    network: Literal["refused", "allowed"] = "refused"
    """`refused` keeps it from the network, from files and from other processes, and needs a kernel that can (Linux 5.13
    and newer); `allowed` opens the network, and makes do with bounds on time and memory where the kernel cannot."""


class CodeCheck(Settings):
    code: "CodeRules"
    """That the code of an answer runs, and passes tests."""


class CodeRules(Apart):
    language: Literal["python"] = "python"
    """Which of an answer's fenced blocks are run."""

    tests: tuple[str, ...] = ()
    """Lines of code that are run after it, each a test: `assert area(2, 3) == 6`."""

    needed: bool = False
    """That an answer without code fails."""


class PythonCheck(Settings):
    python: "Annotated[str, Field(pattern=_FUNCTION)] | PythonFunction"
    """A function of your own, as `module:function`: it is given the question and the answer, and gives back None where
    the answer is right, or a text that says what is wrong, or how right it is, from 0 to 1."""


class PythonFunction(Apart):
    function: Annotated[str, Field(pattern=_FUNCTION)]
    """The function, as `module:function`."""


Check: TypeAlias = Literal["json_schema"] | SchemaCheck | RegexCheck | NumericCheck | CodeCheck | PythonCheck


def patterns_of(written: str | RegexPatterns) -> Patterns:
    if isinstance(written, str):
        return Patterns([written])
    return Patterns(written.must, written.never, written.say)


def numeric_of(written: NumericRules) -> Numeric:
    return Numeric(written.at, written.min, written.max, written.whole, written.unit, written.equations)


def function_of(written: str | PythonFunction) -> PythonFunction:
    return PythonFunction(function=written) if isinstance(written, str) else written


def _made(make: Callable[[], object]) -> None:
    try:
        make()
    except BadCheck as error:
        raise ValueError(str(error)) from None
