"""Critique and revision of one answer: rounds of both, until a revision passes or nothing is left to ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from middleware.messages import ChatRequest, Completion
from middleware.self_critique import prompts
from middleware.self_critique.asking import Purse, Refused, expected_of
from middleware.self_critique.checks import Checked, Checks
from middleware.services import Asking
from policies.critique.verifiers.json_schema import NAME as JSON_SCHEMA
from policies.critique.verifiers.verdict import beats

_CRITIQUE: Final = 300
"""Tokens that a critique, or a judgement with its reasons, is expected to have."""


@dataclass(slots=True)
class Course:
    """How far a critique has come: whoever stops it half-way reads what was reached."""

    flagged: bool | None = None
    critique: str = ""
    rounds: int = 0
    after: float | None = None
    revision: Completion | None = None
    """The last one."""
    accepted: Completion | None = None
    """The best one that beat the original."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Revising:
    """Knows how to make an answer better, and when it has."""

    checks: Checks
    request: Asking
    rounds: int
    critic: bool
    """Whether the model is asked what is wrong, also where a check has said it."""
    constrain: bool
    """Whether an answer that fails the owner's schema is revised under it."""

    async def __call__(
        self, purse: Purse, asked: ChatRequest, original: Completion, checked: Checked, course: Course
    ) -> None:
        """Runs the course. Raises `NotAsked` where a model could not be asked or gave no answer."""
        conversation, answer, found, best = asked, original, checked, checked
        for _ in range(self.rounds):
            critique = await self._criticise(purse, asked.question, answer.text, found)
            course.flagged = bool(critique) or course.flagged or False
            if not critique:
                course.reason = course.reason or "the critic finds nothing wrong"
                return
            course.critique = critique
            # The whole exchange is shown, so that a second attempt does not repeat the first.
            conversation = conversation.with_message("assistant", answer.text)
            conversation = conversation.with_message("user", prompts.revise(critique))
            answer = await self._answer(purse, conversation, found, expected_of(asked, original.text))
            course.rounds += 1
            course.revision = answer
            if unfit := _unfit(answer, original):
                course.reason = unfit
                return
            found = await self.checks(asked, answer.text)
            course.after = found.value
            if await self._is_better(purse, asked, course.accepted or original, best, answer, found):
                course.accepted, best, course.reason = answer, found, ""
            elif course.accepted is None:
                course.reason = "the revision is not better"
            if not found.failed:
                return

    async def _answer(self, purse: Purse, asked: ChatRequest, found: Checked, expected: int) -> Completion:
        schema = self.checks.schema
        fails = any(verdict.check == JSON_SCHEMA for verdict in found.failed)
        if self.constrain and fails and schema is not None and asked.answer_schema is None:
            try:
                return await purse.ask(asked.with_answer_schema(schema), expected)
            except Refused:
                pass
        return await purse.ask(asked, expected)

    async def _criticise(self, purse: Purse, question: str, answer: str, found: Checked) -> str:
        """What is wrong; "" where nothing is."""
        if found.failed and not self.critic:
            return found.said
        said = await purse.ask(self.request(prompts.critic(question, answer, found.said)), _CRITIQUE)
        criticism = prompts.read_criticism(said.text)
        if found.failed:
            # A check does not err: what the model adds goes with what it says.
            return "\n".join(filter(None, (found.said, criticism.said)))
        return criticism.said or ("It is wrong." if criticism.wrong else "")

    async def _is_better(
        self, purse: Purse, asked: ChatRequest, best: Completion, before: Checked, revised: Completion, found: Checked
    ) -> bool:
        if before.failed:
            return beats(found.verdicts, before.verdicts)
        # Nothing to beat: every check that can tell is content. Then the model has to prefer it, whichever comes first.
        if found.failed or revised.text.strip() == best.text.strip():
            return False
        pairs = ((best.text, revised.text, "B"), (revised.text, best.text, "A"))
        for first, second, ours in pairs:
            said = await purse.ask(self.request(prompts.judge(asked.question, first, second)), _CRITIQUE)
            if prompts.read_judgement(said.text) != ours:
                return False
        return True


def _unfit(revised: Completion, original: Completion) -> str:
    """Why a revision cannot stand in for the answer, whatever it says; "" where it can."""
    if revised.calls:
        return "the revision asks for tools"
    if not revised.text.strip():
        return "the revision says nothing"
    if len(revised.texts) > 1:
        return "the revision has several choices"
    if _cut(revised) and not _cut(original):
        return "the revision was cut off"
    return ""


def _cut(answer: Completion) -> bool:
    reasons: Sequence[str] = answer.finish_reasons
    return bool(reasons) and reasons[0] != "stop"
