"""Whether an answer matches what it must and nothing that it may not, by patterns that run in linear time (RE2)."""

from collections.abc import Sequence
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # it comes without types

from policies.critique.verifiers.verdict import BadCheck, Verdict, failed, passed

NAME: Final = "regex"


class Patterns:
    """`must` are found somewhere in the answer, `never` nowhere; `say` is told where one is not kept.

    Raises `BadCheck` for what RE2 does not know, such as a look-ahead.
    """

    def __init__(self, must: Sequence[str], never: Sequence[str] = (), say: str = "") -> None:
        if not must and not never:
            raise BadCheck("name a pattern that an answer must match, or may never match")
        self._must = [(pattern, _compiled(pattern)) for pattern in must]
        self._never = [(pattern, _compiled(pattern)) for pattern in never]
        self._say = say

    def __call__(self, answer: str) -> Verdict:
        missing = [pattern for pattern, compiled in self._must if not compiled.search(answer)]
        present = [pattern for pattern, compiled in self._never if compiled.search(answer)]
        wrong = len(missing) + len(present)
        if not wrong:
            return passed(NAME)
        said = self._say or "\n".join(
            [f"The answer must match the pattern {pattern} and does not." for pattern in missing]
            + [f"The answer may not match the pattern {pattern} and does." for pattern in present]
        )
        return failed(NAME, said, 1 - wrong / (len(self._must) + len(self._never)))


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise BadCheck(f"pattern {pattern!r} is not one of RE2: {error}; it knows no look-around, no \\1") from None
