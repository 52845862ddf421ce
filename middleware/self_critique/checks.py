"""An agent's checks, made from its settings: each is asked of an answer to a request, and gives a verdict or none."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from middleware.messages import ChatRequest
from middleware.self_critique.apart import Passes, Runs
from middleware.self_critique.verifiers import (
    Check,
    CodeCheck,
    NumericCheck,
    PythonCheck,
    RegexCheck,
    SchemaCheck,
    function_of,
    numeric_of,
    patterns_of,
)
from policies.critique.verifiers.json_schema import NAME as JSON_SCHEMA
from policies.critique.verifiers.json_schema import JsonSchema
from policies.critique.verifiers.numeric import Numeric
from policies.critique.verifiers.regex import Patterns
from policies.critique.verifiers.verdict import BadCheck, Unchecked, Verdict, worth
from records import JsonValue

_SHORT: Final = 20_000
"""Characters; checking more would keep the other calls waiting, and is done beside them."""
_KEPT: Final = 64
"""How many of the clients' schemas are kept compiled."""


class Checked(NamedTuple):
    """What the checks say of one answer. Those that do not apply to the request say nothing at all."""

    verdicts: tuple[Verdict, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def failed(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)

    @property
    def said(self) -> str:
        """What is wrong, in the checks' words."""
        return "\n".join(verdict.said for verdict in self.failed)

    @property
    def value(self) -> float | None:
        return worth(self.verdicts)


class Verifier(Protocol):
    async def __call__(self, request: ChatRequest, answer: str) -> Verdict | Unchecked | None:
        """None where there is nothing to check about answers to this request."""


class Checks:
    """All of an agent's checks, asked side by side."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._verifiers = [_verifier(check) for check in checks]
        self.schema: JsonValue = next((check.json_schema for check in checks if isinstance(check, SchemaCheck)), None)
        """The owner's, that answers have to fit; None where the owner has none."""

    async def __call__(self, request: ChatRequest, answer: str) -> Checked:
        found = await asyncio.gather(*(verify(request, answer) for verify in self._verifiers))
        return Checked(
            tuple(each for each in found if isinstance(each, Verdict)),
            tuple(each for each in found if isinstance(each, Unchecked)),
        )


def _verifier(check: Check) -> Verifier:
    match check:
        case SchemaCheck(json_schema=schema):
            return _Fits(JsonSchema(schema))
        case RegexCheck(regex=written):
            return _Reads(patterns_of(written))
        case NumericCheck(numeric=rules):
            return _Reads(numeric_of(rules))
        case CodeCheck(code=rules):
            return Runs(rules)
        case PythonCheck(python=named):
            return Passes(function_of(named))
        case "json_schema":
            return _FitsWhatWasAsked()


class _Fits:
    """A schema of the owner's."""

    def __init__(self, schema: JsonSchema) -> None:
        self._schema = schema

    async def __call__(self, request: ChatRequest, answer: str) -> Verdict | Unchecked:
        return await _in_time(self._schema, answer)


class _FitsWhatWasAsked:
    """The schema that the client sent with the request. Clients send the same few over and over."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[str, JsonSchema | Unchecked] = OrderedDict()

    async def __call__(self, request: ChatRequest, answer: str) -> Verdict | Unchecked | None:
        schema = request.answer_schema
        if schema is None:
            return None
        compiled = self._of(schema)
        return compiled if isinstance(compiled, Unchecked) else await _in_time(compiled, answer)

    def _of(self, schema: JsonValue) -> "JsonSchema | Unchecked":
        key = json.dumps(schema, sort_keys=True)
        found = self._compiled.pop(key, None)
        if found is None:
            try:
                found = JsonSchema(schema)
            except BadCheck as error:
                found = Unchecked(JSON_SCHEMA, str(error))
        self._compiled[key] = found
        if len(self._compiled) > _KEPT:
            self._compiled.popitem(last=False)
        return found


class _Reads:
    """A check of the text alone, in linear time."""

    def __init__(self, check: Patterns | Numeric) -> None:
        self._check = check

    async def __call__(self, request: ChatRequest, answer: str) -> Verdict:
        return self._check(answer)


async def _in_time(schema: JsonSchema, answer: str) -> Verdict | Unchecked:
    return schema(answer) if len(answer) <= _SHORT else await asyncio.to_thread(schema, answer)
