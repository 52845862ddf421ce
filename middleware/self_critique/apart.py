"""Checks that run code, the answer's or the owner's, in a process of its own: they cannot keep other calls waiting."""

import os
import sys
from typing import Final

from middleware.messages import ChatRequest
from middleware.self_critique.verifiers import Apart, CodeRules, PythonFunction
from policies.critique.verifiers.code_blocks import code_of
from policies.critique.verifiers.verdict import Unchecked, Verdict, failed, passed
from stores.sandbox.job import Call, Code, Limits, Ran
from stores.sandbox.sandbox import NotRun, Sandbox

CODE: Final = "code"
_LANGUAGES: Final = ("python", "py", "python3")


class Runs:
    """Runs the code of an answer, and then each test; what it is worth is the share of tests that it passes.

    Raises `NoFence` where this machine cannot run it apart.
    """

    def __init__(self, rules: CodeRules) -> None:
        self._sandbox = Sandbox(_limits(rules))
        self._rules = rules

    async def __call__(self, request: ChatRequest, answer: str) -> Verdict | Unchecked | None:
        source = code_of(answer, _LANGUAGES)
        if not source.strip():
            if not self._rules.needed:
                return None
            return failed(CODE, "The answer has no Python code in a fenced block (```python).")
        try:
            result = await self._sandbox.run(Code(source, self._rules.tests))
        except NotRun as error:
            return failed(CODE, f"The code does not run: {error}.")
        except OSError as error:
            return Unchecked(CODE, f"no process could be started: {error}")
        return self._judged(result.ran or Ran("nothing came of it"))

    def _judged(self, ran: Ran) -> Verdict:
        if ran.raised:
            return failed(CODE, f"The code raises {ran.raised}.")
        wrong = [
            f"The test `{test}` fails with {said}."
            for test, said in zip(self._rules.tests, ran.tests, strict=True)
            if said
        ]
        if not wrong:
            return passed(CODE)
        return failed(CODE, "\n".join(wrong), 1 - len(wrong) / len(ran.tests))


class Passes:
    """Asks a function of the owner's. What it raises is its own failure, and tells nothing of the answer."""

    def __init__(self, named: PythonFunction) -> None:
        self._sandbox = Sandbox(_limits(named))
        self._function = named.function
        # What can be imported here can be imported there.
        self._path = tuple(os.path.abspath(entry) for entry in sys.path if os.path.exists(entry or os.curdir))

    async def __call__(self, request: ChatRequest, answer: str) -> Verdict | Unchecked:
        name = f"python {self._function}"
        try:
            result = await self._sandbox.run(Call(self._function, (request.question, answer), self._path))
        except (NotRun, OSError) as error:
            return Unchecked(name, str(error))
        if result.raised:
            return Unchecked(name, f"it raises {result.raised}")
        match result.value:
            case None | True | "":
                return passed(name)
            case False:
                return failed(name, "The answer does not pass a check of its content.")
            case str() as said:
                return failed(name, said)
            case value if value >= 1:
                return passed(name)
            case value:
                return failed(name, f"A check of its content gives the answer {value:g} of 1.", value)


def _limits(settings: Apart) -> Limits:
    return Limits(settings.seconds, settings.memory << 20, network=settings.network == "allowed")
