"""A run as a memory sees it: what was asked, what was answered, how and by whom."""

from typing import Any, Final, NamedTuple

from middleware.messages import ChatRequest
from proxy.feedback.prompts import completion_of, request_of
from records.insight import insight_id
from records.run import Run

SHOWN: Final = "answers_shown"
"""The fact that tells what a call was shown (`policies.retrieval.shown`)."""
_LONGEST_QUESTION: Final = 4_000
_LONGEST_ANSWER: Final = 8_000
"""Characters: what is longer would not fit beside a call's own messages."""
_SHORTEST: Final = 12
"""Characters of a question that means something without what was said before: people say "yes" many times."""
_CUT_OFF: Final = frozenset({"length", "max_tokens", "content_filter", "incomplete", "max_output_tokens", "refusal"})


class Past(NamedTuple):
    """`answer` is empty where the run gave none that is worth keeping; `called` are the tools that it used, `offered`
    those it could have; `seen` the ids of the answers that it was shown."""

    run: str
    question: str
    answer: str
    user: str
    variant: str
    model: str | None
    instructions: str
    called: tuple[str, ...]
    offered: tuple[str, ...]
    seen: frozenset[str]
    ended_ns: int

    def id_of(self, tenant: str, agent: str, text: str) -> str:
        return insight_id(tenant, agent, "answer", self.question, text)


def past_of(run: Run) -> Past | None:
    """None for a run that nothing is remembered of: auxiliary calls, replays, and what was not kept whole."""
    if run.source != "live" or run.turn != "main" or run.operation != "chat":
        return None
    request = request_of(run)
    if request is None:
        return None
    question = request.question.strip()
    if not question or len(question) > _LONGEST_QUESTION:
        return None
    if len(question) < _SHORTEST and "assistant" in request.roles:
        return None
    fact = shown_in(run) or {}
    shown = () if fact.get("observed") else zip(fact.get("ids", ()), fact.get("shown", ()), strict=False)
    return Past(
        run=run.id,
        question=question,
        answer=_answer(run),
        user=run.user or "",
        variant=run.variant,
        model=fact.get("model") or None,
        instructions=fact.get("instructions") or "",
        called=_called(request),
        offered=tuple(tool.name for tool in request.tools),
        seen=frozenset(id for id, was_shown in shown if was_shown),
        ended_ns=run.ended_ns,
    )


def shown_in(run: Run) -> dict[str, Any] | None:
    """The attributes of the fact that tells what the call was shown."""
    fact = next(run.facts(SHOWN), None)
    return None if fact is None else fact.attributes


def _answer(run: Run) -> str:
    """Words that were said to the end; a call of a tool is no answer yet."""
    completion = completion_of(run)
    if completion is None or completion.calls or not _CUT_OFF.isdisjoint(completion.finish_reasons):
        return ""
    text = completion.text.strip()
    return text if len(text) <= _LONGEST_ANSWER else ""


def _called(request: ChatRequest) -> tuple[str, ...]:
    """The tools that were called since the question."""
    names: dict[str, None] = {}
    for message in reversed(request.messages):
        if message.role == "user":
            break
        names.update((call.name, None) for call in message.calls)
    return tuple(reversed(names))
