"""Runs for tests: one by hand, a conversation, and whatever hypothesis can think of."""

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import strategies as st

from records.run import Attempt, Fact, Run, SideCall, Step, ToolEvent, Usage

NOON = 1_699_963_200_000_000_000
"""When the runs of tests begin, unless they say otherwise: 2023-11-14, 12:00 UTC."""


def a_run(number: int = 1, **changes: Any) -> Run:
    """A plain answered call; the number makes its ids, and puts it so many seconds after noon."""
    started = NOON + number * 1_000_000_000
    run = Run(
        id=f"{random.Random(f'run {number}').getrandbits(128):032x}",
        trace_id=f"{random.Random(f'trace {number}').getrandbits(128):032x}",
        tenant="default",
        agent="support",
        config_hash="0123456789abcdef",
        route="POST /v1/chat/completions",
        started_ns=started,
        ended_ns=started + 250_000_000,
        chat_started_ns=started + 1_000_000,
        chat_ended_ns=started + 249_000_000,
        status=200,
        outcome="ok",
        model="small-instruct",
        provider="local",
        usage=Usage(input=12, output=34),
        request=asking("How do I reset my password?"),
        answer=answering("Open the settings."),
    )
    return msgspec.structs.replace(run, **changes)


def asking(*texts: str, system: str | None = None, **more: Any) -> str:
    """A chat request whose messages take turns, the user first."""
    roles = itertools.cycle(("user", "assistant"))
    messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return json.dumps({"model": "small-instruct", "messages": messages, **more})


def answering(text: str) -> str:
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def a_conversation(turns: int, *, first: int = 1, words: int = 40, **changes: Any) -> Iterator[Run]:
    """Runs of one session, each of which sends all that was said before."""
    said: list[str] = []
    for turn in range(turns):
        said.append(f"question {first + turn} " + "why " * words)
        yield a_run(first + turn, request=asking(*said, system="Be kind. " * words), session="one-session", **changes)
        said.append(f"answer {first + turn} " + "because " * words)


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
_TIMES = st.integers(0, 2**63 - 1)
_HEX = st.integers(1, 2**128 - 1).map("{:032x}".format)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_CONTENTS = (
    st.text() | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.text()}), max_size=3) | _JSON
)
_MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": _CONTENTS | st.text(min_size=80)}
)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Requests as clients may write them: any spacing, escapes, order and extra keys; now and then not JSON at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text())
    body = draw(st.dictionaries(st.text(), _JSON, max_size=3))
    said = st.lists(_MESSAGES, max_size=6) | st.lists(st.text(), max_size=6) | _JSON
    body[draw(st.sampled_from(["messages", "input"]))] = draw(said)
    if draw(st.booleans()):
        body["system"] = [{"text": "s" * draw(st.integers(1, 2000))} for _ in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        body["tools"] = [{"name": "t" * draw(st.integers(1, 2000))}]
    items = draw(st.permutations(list(body.items())))
    return json.dumps(dict(items), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))


def runs() -> st.SearchStrategy[Run]:
    """Any run that a trace can tell of."""
    step = st.builds(
        Step,
        name=st.text(),
        started_ns=_TIMES,
        ended_ns=_TIMES,
        facts=st.lists(
            st.builds(Fact, name=st.text(), attributes=st.dictionaries(st.text(), _JSON, max_size=3), version=_TIMES),
            max_size=2,
        ).map(tuple),
        error=st.none() | st.text(),
    )
    return st.builds(
        Run,
        id=_HEX,
        trace_id=_HEX,
        parent_span_id=st.none() | st.text(),
        tenant=_NAMES,
        agent=_NAMES,
        config_hash=st.text(),
        route=st.text(),
        operation=st.sampled_from(["chat", "embeddings", "text_completion", "forward"]),
        session=st.none() | st.text(),
        user=st.none() | st.text(),
        started_ns=_TIMES,
        first_chunk_ns=st.none() | _TIMES,
        ended_ns=_TIMES,
        chat_started_ns=_TIMES,
        chat_ended_ns=_TIMES,
        status=st.integers(0, 999),
        error=st.none() | st.text(),
        variant=st.text(),
        provider=st.none() | st.text(),
        model_requested=st.none() | st.text(),
        model=st.none() | st.text(),
        model_answered=st.none() | st.text(),
        response_id=st.none() | st.text(),
        finish_reasons=st.lists(st.text(), max_size=2).map(tuple),
        usage=st.none() | st.builds(Usage, _TIMES, _TIMES, _TIMES, _TIMES),
        cost_usd=st.none() | st.floats(allow_nan=False),
        request=st.none() | bodies(),
        sent=st.none() | bodies(),
        answer=st.none() | st.text() | st.text().map(answering),
        steps=st.lists(step, max_size=2).map(tuple),
        tools=st.lists(
            st.builds(ToolEvent, call_id=st.text(), name=st.text(), arguments=st.text(), result=st.text()), max_size=2
        ).map(tuple),
        attempts=st.lists(
            st.builds(Attempt, provider=st.text(), model=st.text(), started_ns=_TIMES, ended_ns=_TIMES), max_size=2
        ).map(tuple),
        asides=st.lists(
            st.builds(
                SideCall, step=st.text(), provider=st.text(), model=st.text(), started_ns=_TIMES, ended_ns=_TIMES
            ),
            max_size=2,
        ).map(tuple),
    )
