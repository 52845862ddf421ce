"""What Burnish writes as OTLP, its journal or what it exports, makes the same runs again in an empty store."""

import json
from base64 import b64decode
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from records.score import Score
from stores.ledger import ScoreFilter, open_ledger
from stores.segments import segment_names
from tests.proxy.telemetry.receiving import Receiving, receiving
from tests.record.caller import calling
from tests.record.site import Site, site
from tests.support.upstream import Upstream, calls, error, tool

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId"})
_STEPS: Final = {"middleware": ["variant_routing", "tool_outcomes"]}
_TOOL: Final = {"type": "function", "function": {"name": "get_weather"}}
_LONG: Final = "a long question " * 1000


async def five_calls(records: Site, upstream: Upstream) -> list[str]:
    """A whole call, a streamed one, a question with two tools and the answer to them, and one that fails.

    Of the first two it is said what they are worth: three scores.
    """
    asked, answered, failed = "How is the weather?", "It is fine.", "What is this?"
    question = {"role": "user", "content": asked}
    with records.served() as proxy:
        async with calling(proxy) as caller:
            made = [await caller.chat(_LONG), await caller.chat(answered, stream=True)]
            upstream.reply(calls(tool("get_weather", city="Paris"), tool("get_weather", city="Rome")))
            made.append(await caller.chat(question, tools=[_TOOL]))
            call = made[-1].json()["choices"][0]["message"]
            results = [{"role": "tool", "tool_call_id": each["id"], "content": "sunny"} for each in call["tool_calls"]]
            made.append(await caller.chat(question, call, *results, tools=[_TOOL]))
            upstream.reply(error(429, retry_after=1))
            made.append(await caller.chat(failed))
            said = [
                await caller.say(made[0], thumbs="down", correction="A short answer.", comment="Too long."),
                await caller.say(made[1], thumbs="up", rater="ada"),
            ]
        proxy.stop()
        assert proxy.wait() == 0
    assert [answer.status for answer in made] == [200, 200, 200, 200, 429]
    assert [answer.status for answer in said] == [201, 201]
    return [answer.run_id for answer in made]


def scores_in(database: Path) -> dict[str, Score]:
    with closing(open_ledger(f"sqlite:///{database}")) as ledger:
        return {score.id: score for score in ledger.scores(ScoreFilter())}


def imported(records: Site, file: Path, fresh: Path) -> Any:
    return json.loads(records.burnish("import", "traces", str(file), "--json", "--db", f"sqlite:///{fresh}").stdout)


async def test_runs_imported_from_the_journal_equal_those_in_the_store(upstream: Upstream, tmp_path: Path) -> None:
    records, fresh = site(upstream, tmp_path, agent=_STEPS), tmp_path / "fresh.db"
    runs = await five_calls(records, upstream)
    (segment,) = segment_names(records.journal)
    assert imported(records, records.journal / segment, fresh)["imported"] == 5
    for run in runs:
        assert records.stored(run, fresh) == records.stored(run)
    assert records.shown(runs[3], "--db", f"sqlite:///{fresh}") == records.shown(runs[3])


async def test_runs_imported_from_a_collector_equal_those_in_the_store(upstream: Upstream, tmp_path: Path) -> None:
    with receiving() as collector:
        telemetry = {"otlp": collector.url, "body_limit": "1MiB"}
        records = site(upstream, tmp_path, agent=_STEPS, telemetry=telemetry)
        runs = await five_calls(records, upstream)
    file, fresh = tmp_path / "traces.jsonl", tmp_path / "fresh.db"
    file.write_text("".join(json.dumps(document) + "\n" for document in as_collectors_write_it(collector)))
    counts = {"imported": 5, "already_there": 0, "scores": 3, "not_ours": 0, "bad_lines": []}
    assert imported(records, file, fresh) == counts
    assert imported(records, file, fresh) == {**counts, "imported": 0, "already_there": 5, "scores": 0}
    assert scores_in(fresh) == scores_in(records.database)
    for run in runs:
        assert records.stored(run, fresh) == records.stored(run)
    asked, answered = records.stored(runs[2]), records.stored(runs[3])
    assert answered.session == asked.session
    assert [event.asked_by for event in answered.tools] == [asked.id] * 2
    assert linked(collector, answered.trace_id) == {chat_of(collector, asked.trace_id)}
    assert kinds(collector, answered.trace_id) == {
        "POST /v1/chat/completions": Span.SPAN_KIND_SERVER,
        "invoke_agent support": Span.SPAN_KIND_INTERNAL,
        "variant_routing": Span.SPAN_KIND_INTERNAL,
        "tool_outcomes": Span.SPAN_KIND_INTERNAL,
        "execute_tool get_weather": Span.SPAN_KIND_INTERNAL,
        "chat small-instruct": Span.SPAN_KIND_CLIENT,
        "POST upstream": Span.SPAN_KIND_CLIENT,
    }
    assert kinds(collector, records.stored(runs[0]).trace_id)["evaluate thumbs"] == Span.SPAN_KIND_INTERNAL


def received(collector: Receiving, trace_id: str) -> list[Span]:
    return [span for span in collector.spans if span.trace_id.hex() == trace_id]


def kinds(collector: Receiving, trace_id: str) -> dict[str, int]:
    return {span.name: span.kind for span in received(collector, trace_id)}


def linked(collector: Receiving, trace_id: str) -> set[tuple[str, str]]:
    """What the spans of tools are linked to, as trace and span."""
    return {(link.trace_id.hex(), link.span_id.hex()) for span in received(collector, trace_id) for link in span.links}


def chat_of(collector: Receiving, trace_id: str) -> tuple[str, str]:
    (chat,) = [span for span in received(collector, trace_id) if span.name.startswith("chat ")]
    return chat.trace_id.hex(), chat.span_id.hex()


def as_collectors_write_it(collector: Receiving) -> Iterable[Any]:
    """OTLP JSON has its ids in hex, where protobuf's own JSON has base64."""
    for post in collector.posts:
        yield in_hex(MessageToDict(post.request, use_integers_for_enums=True))


def in_hex(value: Any) -> Any:
    match value:
        case dict():
            return {key: b64decode(item).hex() if key in _IDS else in_hex(item) for key, item in value.items()}
        case list():
            return [in_hex(item) for item in value]
        case _:
            return value
