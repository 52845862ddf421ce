"""What Presidio finds is replaced or refused in requests and whole answers, and only on record of a streamed answer."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from burnish.testing import exchange, facts, finish, request, run, says
from middleware.exchange import Exchange
from middleware.guardrails import GuardrailsSettings
from middleware.guardrails.afterwards import Afterwards
from middleware.guardrails.findings import Findings, Refused
from middleware.guardrails.incoming import Incoming
from middleware.guardrails.plan import Plan, Watch, presidio_guards
from middleware.guardrails.presidio import Entity, Presidio, Recogniser
from middleware.messages import Completion
from middleware.protocol import Handler
from middleware.reply import Reply
from policies.guardrails.seeking import MOST_FOUND
from policies.guardrails.verdicts import GuardVerdicts
from tests.middleware.guardrails.steps import REFUSAL

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name, of which only that it is there counts."""
    (tmp_path / "presidio_analyzer").mkdir()
    (tmp_path / "presidio_analyzer" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)


def finds_ann(text: str) -> Sequence[Entity]:
    """`Ann` as an address of mail, with and without what follows."""
    at = text.find("Ann")
    return [Entity("EMAIL_ADDRESS", at, at + 3), Entity("EMAIL_ADDRESS", at, at + 5)] if at >= 0 else []


def fails(text: str) -> Sequence[Entity]:
    raise RuntimeError("it broke")


def presidio(found: Recogniser, timeout: float = 60, closed: bool = False, **written: Any) -> Presidio:
    settings = GuardrailsSettings.model_validate({"input": ["presidio"], "output": ["presidio"], **written})
    return Presidio(presidio_guards(settings), found, timeout=timeout, closed=closed)


class Step:
    """The part of the step guardrails that asks Presidio."""

    def __init__(self, asked: Presidio, **rules: Any) -> None:
        self.asked = asked
        settings = GuardrailsSettings.model_validate({"input": [], "output": [], "rules": rules})
        self.incoming = Incoming(
            Plan(settings), hides=Watch([]), presidio=asked, injections=None, judge=None, judged=()
        )
        self.seen: Exchange | None = None

    async def __call__(self, given: Exchange, call_next: Handler) -> Reply:
        findings = Findings(b"secret", clock=lambda: 0)
        try:
            checked = await self.incoming.check(given, findings)
        except Refused:
            given.record(findings.fact())
            return Reply.of(given.request.answer(REFUSAL, "content_filter"))
        self.seen = given.with_request(checked)
        reply = (await call_next(self.seen)).transform(Afterwards(self.asked, findings, REFUSAL, lambda text: ()))
        return reply.on_end(lambda ending: given.record(findings.fact()) if findings.fact() else None)


async def told(step: Step, question: str, *answer: str, stream: bool = False) -> tuple[Completion, GuardVerdicts]:
    given = exchange(request(question, stream=stream))
    completion = await finish(await run(step, model=says(*answer), given=given))
    [fact] = facts(given, GuardVerdicts)
    return completion, fact


@pytest.mark.usefixtures("installed")
async def test_a_request_is_rewritten_and_what_overlaps_is_replaced_once() -> None:
    step = Step(presidio(finds_ann))
    _, fact = await told(step, "I am Ann B., you?", "fine")
    assert step.seen is not None
    assert step.seen.request.messages[-1].text == "I am [email address]., you?"
    assert (fact.verdict, set(fact.rules), set(fact.places)) == ("rewrite", {"presidio.EMAIL_ADDRESS"}, {"user"})
    assert not any("Ann" in evidence for evidence in fact.evidence)


@pytest.mark.usefixtures("installed")
async def test_what_a_rule_replaced_before_stays_replaced() -> None:
    step = Step(presidio(finds_ann), ann={"patterns": ["nn B"], "replacement": "*"})
    await told(step, "I am Ann B., you?", "fine")
    assert step.seen is not None
    assert step.seen.request.messages[-1].text == "I am [email address]*., you?"


@pytest.mark.usefixtures("installed")
async def test_a_whole_answer_is_rewritten() -> None:
    completion, fact = await told(Step(presidio(finds_ann)), "who?", "It is Ann B.", stream=False)
    assert completion.text == "It is [email address]."
    assert (fact.verdict, set(fact.places)) == ("rewrite", {"answer"})


@pytest.mark.usefixtures("installed")
async def test_a_whole_answer_is_refused_where_the_rule_blocks() -> None:
    step = Step(presidio(finds_ann, rules={"presidio.EMAIL_ADDRESS": {"action": "block"}}))
    completion, fact = await told(step, "who?", "It is Ann B.")
    assert completion.text == REFUSAL
    assert list(completion.finish_reasons) == ["content_filter"]
    assert fact.verdict == "block"


@pytest.mark.usefixtures("installed")
async def test_of_a_streamed_answer_it_is_only_on_record() -> None:
    completion, fact = await told(Step(presidio(finds_ann)), "who?", "It is A", "nn B.", stream=True)
    assert completion.text == "It is Ann B."
    assert (fact.verdict, set(fact.actions), set(fact.places)) == ("flag", {"flag"}, {"answer"})


@STREAMS
@pytest.mark.usefixtures("installed")
async def test_in_shadow_nothing_changes(stream: bool) -> None:
    step = Step(presidio(finds_ann, mode="shadow"))
    completion, fact = await told(step, "I am Ann B.", "It is Ann B.", stream=stream)
    assert completion.text == "It is Ann B."
    assert step.seen is not None
    assert step.seen.request.messages[-1].text == "I am Ann B."
    assert (fact.verdict, set(fact.modes)) == ("allow", {"shadow"})


@pytest.mark.usefixtures("installed")
async def test_what_the_owner_allows_is_let_pass() -> None:
    step = Step(presidio(finds_ann, rules={"presidio": {"allow": ["Ann", "Ann B"]}}))
    given = exchange(request("I am Ann B."))
    await finish(await run(step, model=says("hello"), given=given))
    assert facts(given, GuardVerdicts) == []


@pytest.mark.usefixtures("installed")
async def test_where_it_fails_open_the_call_goes_on_and_says_so() -> None:
    completion, fact = await told(Step(presidio(fails)), "who?", "It is Ann B.")
    assert completion.text == "It is Ann B."
    assert (fact.failed, fact.failures) == (("presidio",), ("RuntimeError: it broke",))


@pytest.mark.usefixtures("installed")
async def test_where_it_fails_closed_the_call_is_refused() -> None:
    completion, fact = await told(Step(presidio(fails, closed=True)), "who?", "It is Ann B.")
    assert completion.text == REFUSAL
    assert fact.verdict == "block"


@pytest.mark.usefixtures("installed")
async def test_a_text_that_takes_too_long_is_not_waited_for() -> None:
    enough = threading.Event()

    def hangs(text: str) -> Sequence[Entity]:
        enough.wait()
        return []

    try:
        _, fact = await told(Step(presidio(hangs, timeout=0.01)), "who?", "It is Ann B.")
    finally:
        enough.set()
    assert fact.failures == ("no answer within 0.01 s",)


@pytest.mark.usefixtures("installed")
async def test_a_text_full_of_what_it_finds_is_replaced_to_its_end() -> None:
    def finds_each(text: str) -> Sequence[Entity]:
        return [Entity("EMAIL_ADDRESS", at, at + 3) for at in range(0, len(text), 4)]

    step = Step(presidio(finds_each))
    await told(step, "Ann " * (MOST_FOUND + 10) + "and all", "fine")
    assert step.seen is not None
    assert step.seen.request.messages[-1].text == "[email address] " * MOST_FOUND + "[email address]"


def test_where_it_is_not_installed_the_remedy_is_said() -> None:
    with pytest.raises(ValidationError, match=r"pip install 'burnish\[presidio\]'"):
        GuardrailsSettings.model_validate({"output": ["presidio"]})
