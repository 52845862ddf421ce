"""Exported to Phoenix, the whole tree of each call is there, and the runs and scores can be made from it again."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from records import Run
from records.evaluation import scores_of
from records.score import Score
from records.span import Span
from records.trace import run_of
from records.tree import spans_of
from stores.ledger import ScoreFilter, open_ledger
from tests.record.caller import calling
from tests.record.site import site
from tests.support import phoenix
from tests.support.environments import Environments
from tests.support.phoenix import Phoenix
from tests.support.upstream import Upstream, error

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LOCK: Final = Path(__file__).parent / "requirements" / "phoenix.txt"
AGENT: Final = {"middleware": ["variant_routing", "tool_outcomes"]}
WEATHER: Final = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@dataclass(frozen=True)
class Made:
    """What was said of the last call, as the ledger has it, and the calls that were made, as the store has them."""

    scores: list[Score]
    whole: Run
    streamed: Run
    asked: Run
    answered: Run
    failed: Run
    judged: Run

    @property
    def all(self) -> tuple[Run, ...]:
        return self.whole, self.streamed, self.asked, self.answered, self.failed


@pytest.fixture(scope="module")
def server(environments: Environments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    python = environments.python(LOCK)
    started = time.monotonic()
    with phoenix.running(python, tmp_path_factory.mktemp("phoenix")) as server:
        environments.announce(f"started Phoenix: {time.monotonic() - started:.0f} s")
        yield server


@pytest.fixture(scope="module")
def made(server: Phoenix, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return asyncio.run(calls_exported_to(server, tmp_path_factory.mktemp("records")))


async def calls_exported_to(server: Phoenix, folder: Path) -> Made:
    async with Upstream() as upstream:
        prices = {"small-instruct": {"input": 1.0, "output": 10.0}}
        records = site(upstream, folder, agent=AGENT, telemetry={"otlp": server.url}, prices=prices)
        with records.served() as proxy:
            async with calling(proxy) as caller:
                whole = await caller.chat("What is wax?")
                streamed = await caller.chat("What is wax?", stream=True)
                question = {"role": "user", "content": "How is the weather?"}
                asked = await caller.chat(question, tools=[WEATHER])
                call = asked.json()["choices"][0]["message"]
                result = {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "sunny"}
                answered = await caller.chat(question, call, result, tools=[WEATHER])
                upstream.reply(error(400, "no such thing"))
                failed = await caller.chat("What is this?")
                judged = await caller.chat("What is the use of wax?")
                said = await caller.say(judged, thumbs="down", correction="Candles.", comment="Too long.", rater="ada")
                assert said.status == 201
            proxy.stop()
            assert proxy.wait() == 0
    with closing(open_ledger(f"sqlite:///{records.database}")) as ledger:
        scores = ledger.scores(ScoreFilter())
    made = [records.stored(answer.run_id) for answer in (whole, streamed, asked, answered, failed, judged)]
    return Made(scores, *made)


def held(server: Phoenix, run: Run, more: int = 0) -> list[Span]:
    """The spans of a run, and so many of what was said of it."""
    return server.spans(run.trace_id, len(spans_of(run)) + more)


def drawn(spans: Sequence[Span], parent: str | None = None, depth: int = 0) -> list[str]:
    found = []
    for span in spans:
        if span.parent_id == parent:
            found += ["  " * depth + span.name, *drawn(spans, span.span_id, depth + 1)]
    return found


def called(name: str, spans: Sequence[Span]) -> dict[str, Any]:
    """The attributes of the span of that name."""
    (found,) = [span for span in spans if span.name == name]
    return found.attributes


@pytest.mark.parametrize("which", ["whole", "streamed", "asked"])
def test_phoenix_holds_the_tree_of_a_call(server: Phoenix, made: Made, which: str) -> None:
    assert drawn(held(server, getattr(made, which))) == [
        "POST /v1/chat/completions",
        "  invoke_agent support",
        "    chat small-instruct",
        "      POST upstream",
        "    variant_routing",
        "    tool_outcomes",
    ]


def test_phoenix_holds_the_tool_that_ran_between_two_calls(server: Phoenix, made: Made) -> None:
    spans = held(server, made.answered)
    assert drawn(spans) == [
        "POST /v1/chat/completions",
        "  invoke_agent support",
        "    chat small-instruct",
        "      POST upstream",
        "    variant_routing",
        "    tool_outcomes",
        "    execute_tool get_weather",
    ]
    tool = called("execute_tool get_weather", spans)
    assert tool["gen_ai.tool.call.arguments"] == '{"city": "Paris"}'
    assert tool["gen_ai.tool.call.result"] == "sunny"
    assert tool["burnish.tool.asked_by"] == made.asked.id
    assert tool["burnish.tool.asked_trace"] == made.asked.trace_id
    assert tool["burnish.tool.inferred"] is True
    assert called("POST /v1/chat/completions", spans)["session.id"] == made.asked.session


def test_phoenix_holds_models_tokens_cost_and_the_assignment(server: Phoenix, made: Made) -> None:
    spans = held(server, made.whole)
    chat = called("chat small-instruct", spans)
    assert chat["gen_ai.operation.name"] == "chat"
    assert chat["gen_ai.provider.name"] == "local"
    assert chat["gen_ai.response.finish_reasons"] == ["stop"]
    assert (chat["gen_ai.usage.input_tokens"], chat["gen_ai.usage.output_tokens"]) == (3, 4)
    assert chat["burnish.cost.usd"] == pytest.approx((3 * 1 + 4 * 10) / 1e6)
    assert chat["burnish.request.body"] == made.whole.request
    assert chat["burnish.answer.body"] == made.whole.answer
    routing = called("variant_routing", spans)
    assert (routing["burnish.assignment.variant"], routing["burnish.assignment.propensity"]) == ("base", 1.0)
    assert called("POST upstream", spans)["http.response.status_code"] == 200


def test_phoenix_shows_a_failed_call_as_failed(server: Phoenix, made: Made) -> None:
    spans = held(server, made.failed)
    assert called("POST upstream", spans)["http.response.status_code"] == 400
    assert called("POST /v1/chat/completions", spans)["http.response.status_code"] == 400
    assert called("POST /v1/chat/completions", spans)["burnish.outcome"] == "error"


def test_phoenix_holds_what_was_said_of_a_call_beneath_the_chat_it_is_about(server: Phoenix, made: Made) -> None:
    spans = held(server, made.judged, more=2)
    chat = next(span for span in spans if span.name == "chat small-instruct")
    said = [span for span in spans if span.name.startswith("evaluate ")]
    assert {span.name: span.parent_id for span in said} == {
        "evaluate thumbs": chat.span_id,
        "evaluate correction": chat.span_id,
    }
    thumbs = called("evaluate thumbs", spans)
    assert thumbs["gen_ai.evaluation.name"] == "thumbs"
    assert thumbs["gen_ai.evaluation.score.value"] == 0.0
    assert thumbs["gen_ai.evaluation.score.label"] == "down"
    assert thumbs["gen_ai.evaluation.explanation"] == "Too long."
    assert thumbs["gen_ai.response.id"] == made.judged.response_id


def test_the_scores_made_again_from_phoenix_are_those_in_the_ledger(server: Phoenix, made: Made) -> None:
    again = list(scores_of(held(server, made.judged, more=2)))
    assert sorted(again, key=lambda score: score.id) == sorted(made.scores, key=lambda score: score.id)
    assert without_times(run_of(held(server, made.judged, more=2))) == without_times(made.judged)


def test_no_attribute_was_lost_on_the_way(server: Phoenix, made: Made) -> None:
    for run in made.all:
        sent = {span.span_id: span for span in spans_of(run)}
        for span in held(server, run):
            assert span.attributes.items() >= sent[span.span_id].attributes.items()
            assert span.error == sent[span.span_id].error


def test_the_runs_made_again_from_phoenix_are_those_in_the_store(server: Phoenix, made: Made) -> None:
    for run in made.all:
        again = run_of(held(server, run))
        assert without_times(again) == without_times(run)
        assert abs(again.started_ns - run.started_ns) < 2_000


def without_times(value: Any) -> Any:
    """Phoenix keeps the times of spans to the microsecond."""

    def bare(value: Any) -> Any:
        match value:
            case dict():
                return {key: bare(item) for key, item in value.items() if not key.endswith(("started_ns", "ended_ns"))}
            case list() | tuple():
                return [bare(item) for item in value]
            case _:
                return value

    return bare(msgspec.to_builtins(value))
