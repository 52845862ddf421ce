"""`burnish show RUN`."""

import json
from pathlib import Path

import msgspec
import pytest

from records.run import Attempt, Fact, Run, Step, ToolEvent, Usage
from stores.ledger import open_ledger
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import NOON, a_run, answering, asking
from tests.support.scores import a_score

MS = 1_000_000


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def eventful() -> Run:
    """A call with a bit of everything; it takes one second."""
    return a_run(
        0,
        id="0123456789abcdef0123456789abcdef",
        ended_ns=NOON + 1000 * MS,
        chat_started_ns=NOON + 100 * MS,
        chat_ended_ns=NOON + 900 * MS,
        first_chunk_ns=NOON + 310 * MS,
        streamed=True,
        session="session-7",
        session_source="derived",
        user="pseudonym",
        variant="terse",
        model_requested="fast",
        usage=Usage(812, 1340, 512, 0),
        cost_usd=0.00042,
        finish_reasons=("stop",),
        request=asking("What is the weather?"),
        answer=answering("It rains."),
        steps=(
            Step(
                "variant_routing",
                NOON + 1 * MS,
                NOON + 2 * MS,
                (Fact("assignment", {"policy": "weighted", "eligible": ["base", "terse"], "propensity": 0.25}),),
            ),
            Step("guardrails output", NOON + 950 * MS, NOON + 960 * MS, (), "the rule took too long"),
        ),
        tools=(
            ToolEvent(
                call_id="1",
                name="get_weather",
                arguments='{"city": "Bern"}',
                result="rain",
                outcome="ok",
                started_ns=NOON - 2000 * MS,
                ended_ns=NOON,
                asked_by="ab" * 16,
            ),
            ToolEvent(call_id="2", name="get_time", arguments="{}", result="noon"),
        ),
        attempts=(
            Attempt(
                provider="openai",
                model="gpt",
                started_ns=NOON + 100 * MS,
                ended_ns=NOON + 200 * MS,
                status=503,
                error="busy",
            ),
            Attempt(provider="local", model="small", started_ns=NOON + 200 * MS, ended_ns=NOON + 900 * MS, status=200),
        ),
    )


EVENTFUL = """\
run 0123456789abcdef0123456789abcdef  trace {trace}
2023-11-14 12:00:00  tenant default  config 0123456789abcdef  source live
session session-7 (derived)
user pseudonym

POST /v1/chat/completions  200 ok  streamed                           ████████████████████    1.00 s
└─ invoke_agent support  terse variant  main turn                     ████████████████████    1.00 s
   ├─ execute_tool get_weather  ok                           -2.00 s  ◂                       2.00 s
   │    {{"city": "Bern"}} → rain
   │    asked for by run abababab, time inferred
   ├─ execute_tool get_time  unknown                                                    time unknown
   │    {{}} → noon
   ├─ variant_routing                                       +1.00 ms  ▏                      1.00 ms
   │    assignment  policy weighted  eligible base, terse  propensity 0.25
   ├─ chat small-instruct                                    +100 ms    ████████████████      800 ms
   │  │ 812 → 1.3k tokens (512 cached) · $0.00042 · first chunk after 310 ms · finished: stop
   │  │ asked for as fast
   │  ├─ POST openai  503  gpt                               +100 ms    ██                    100 ms
   │  │    busy
   │  └─ POST local  200  small                              +200 ms      ██████████████      700 ms
   └─ guardrails output                                      +950 ms                     ▎   10.0 ms
        the rule took too long

Question
What is the weather?

Answer
It rains.
"""


def test_a_trace_is_drawn_with_its_times_tokens_cost_facts_tools_and_attempts(recorded: Recorded) -> None:
    recorded.put(eventful())
    result = recorded.run("show", "0123")
    assert result.exit_code == 0
    shown = [line.rstrip() for line in result.stdout.splitlines()]
    assert shown == EVENTFUL.format(trace=eventful().trace_id).splitlines()


def test_a_tree_keeps_its_columns_in_a_narrow_terminal(recorded: Recorded) -> None:
    recorded.width = 70
    recorded.put(eventful())
    lines = recorded.run("show", "0123").stdout.splitlines()
    assert max(len(line) for line in lines[5:]) <= 70
    ends = [line for line in lines if line.endswith((" s", "ms"))]
    assert len({len(line) for line in ends}) == 1


def test_a_plain_run_needs_no_more_than_its_chat(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    shown = recorded.run("show", a_run(1).id).stdout
    assert "chat small-instruct" in shown
    assert "12 → 34 tokens" in shown
    assert "session" not in shown
    assert "$" not in shown


def test_an_error_is_shown(recorded: Recorded) -> None:
    recorded.put(a_run(1, outcome="error", status=502, error="no provider answered", answer=None))
    shown = recorded.run("show", a_run(1).id).stdout
    assert "502 error" in shown
    assert "no provider answered" in shown
    assert "Answer" not in shown


def test_long_answers_are_shortened_and_bodies_shows_them_whole(recorded: Recorded) -> None:
    recorded.put(a_run(1, answer=answering("\n".join(f"line {number}" for number in range(30)))))
    short = recorded.run("show", a_run(1).id).stdout
    assert "line 11" in short
    assert "line 12" not in short
    assert "… 18 more lines" in short
    whole = recorded.run("show", a_run(1).id, "--bodies").stdout
    assert '"role": "user"' in whole
    assert "line 29" in whole


def test_json_is_the_whole_run_with_its_bodies_as_documents(recorded: Recorded) -> None:
    run = eventful()
    recorded.put(run)
    shown = recorded.json("show", "0123")
    bodies = {name: shown.pop(name) for name in ("request", "sent", "answer")}
    assert bodies["request"]["messages"][0]["content"] == "What is the weather?"
    assert bodies["sent"] is None
    assert bodies["answer"] == json.loads(answering("It rains."))
    rebuilt = msgspec.convert({**shown, "request": run.request, "answer": run.answer}, Run)
    assert rebuilt == run


def test_a_body_that_is_not_json_is_shown_as_text(recorded: Recorded) -> None:
    recorded.put(a_run(1, request="<form>", answer="not { json"))
    assert recorded.json("show", a_run(1).id)["request"] == "<form>"
    assert "not { json" in recorded.run("show", a_run(1).id, "--bodies").stdout


def test_words_of_a_model_cannot_command_the_terminal(recorded: Recorded) -> None:
    evil = "\x1b[2J[bold]\u202e"
    tool = ToolEvent(call_id="1", name=evil, arguments=evil, result=evil)
    recorded.put(a_run(1, answer=answering(evil), tools=(tool,), error=evil, model=evil, session=evil, variant=evil))
    for options in ([], ["--bodies"]):
        shown = recorded.run("show", a_run(1).id, *options).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[bold]" in shown


def test_the_beginning_of_an_id_must_be_enough(recorded: Recorded) -> None:
    recorded.put(a_run(1, id="aa" * 16), a_run(2, id="aa" * 15 + "ab"))
    assert "several runs" in refusal(recorded.run("show", "aaa"))
    assert recorded.json("show", "aa" * 15 + "AB")["id"] == a_run(2, id="aa" * 15 + "ab").id


@pytest.mark.parametrize("name", ["ffff", "", "no-hex", "%"])
def test_a_run_that_is_not_there_is_refused(recorded: Recorded, name: str) -> None:
    recorded.put(a_run(1))
    assert f"there is no run {name!r}" in refusal(recorded.run("show", name))


def test_what_was_said_of_a_run_stands_below_its_trace(recorded: Recorded) -> None:
    recorded.put(a_run(1), a_run(2))
    preference = a_score(a_run(2).id, kind="pair", against=a_run(1).id, evaluator="preference")
    given = [a_score(1, 0.0, rationale="Too long."), a_score(1, 0.25, evaluator="brevity", source="code"), preference]
    ledger = open_ledger(f"sqlite:///{recorded.database}")
    ledger.put_scores([*given, a_score(2)])
    ledger.close()
    lines = recorded.run("show", a_run(1).id).stdout.splitlines()
    below = lines[lines.index("Scores") + 1 :]
    assert below[:4] == [
        f"preference of another over it: {a_run(2).id[:8]}  human ada, 2023-11-14 12:00:00",
        "thumbs down  Too long.  human ada, 2023-11-14 12:00:01",
        "brevity 0.25  code ada, 2023-11-14 12:00:01",
        "",
    ]
    assert f"preference over {a_run(1).id[:8]}" in recorded.run("show", a_run(2).id).stdout
    told = recorded.json("show", a_run(1).id)["scores"]
    assert {score["evaluator"] for score in told} == {"thumbs", "brevity", "preference"}


def test_a_run_of_which_nothing_was_said_has_no_scores(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    assert "Scores" not in recorded.run("show", a_run(1).id).stdout
    assert recorded.json("show", a_run(1).id)["scores"] == []
