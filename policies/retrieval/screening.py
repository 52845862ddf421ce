"""Looks at text before it is kept for prompts, and again before it is shown in one: for orders, grants and secrets.

What a model is shown of past answers is data. Text that speaks to the model instead (orders, roles, permissions, calls
of tools, what nobody can see), that sends data elsewhere, or that holds a secret, is not for a prompt. The rules are
cheap: each pass over the text is linear. They err on the side of doubt; what they stop is set aside for its owner.
"""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from policies.guardrails.injection.decoding import decoded
from policies.guardrails.injection.reading import read
from policies.guardrails.injection.rules import find_all
from policies.retrieval.naming import find_tool
from policies.retrieval.secrets import find_secret

VERSION: Final = "2"
"""Of the rules as a whole. What was screened by another version is screened again."""


class Verdict(NamedTuple):
    """`rule` is the first that was broken, None where none was; `reason` says it to a person, without the text."""

    rule: str | None = None
    reason: str = ""
    version: str = VERSION

    @property
    def passed(self) -> bool:
        return self.rule is None


def screen(*texts: str, tools: Collection[str] = (), skip: Collection[str] = ()) -> Verdict:
    """Of texts that go together, as a question and its answer.

    `tools` are the names of the tools that the agent has: a text may not say what may be done with them. `skip` names
    rules (`injection.role`) or groups of them (`secret`) that the owner lets pass.
    """
    for text in texts:
        for told in (text, *decoded(text)):
            for rule, reason in _found(told, tools):
                if rule not in skip and rule.partition(".")[0] not in skip:
                    return Verdict(rule, reason)
    return Verdict()


def _found(text: str, tools: Collection[str]) -> Iterator[tuple[str, str]]:
    reading = read(text)
    yield from find_all(text, reading)
    yield from find_tool(reading, tools)
    yield from find_secret(text, reading)
