"""`burnish runs` and `burnish runs delete`."""

import json
import os
import pty
import shlex
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from records.run import Fact, Step
from stores.gaps import Gap
from stores.secret import load_secret, user_hash
from stores.segments import SegmentName
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import NOON, a_run, answering, asking

SEGMENT = str(SegmentName(NOON, "w0", 1, 1))


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def ids(documents: list[dict[str, object]]) -> list[object]:
    return [document["id"] for document in documents]


def test_a_list_shows_each_runs_figures_and_its_question(recorded: Recorded) -> None:
    recorded.put(
        a_run(1, variant="terse", cost_usd=0.00042, session="5d41402abc4b2a76", request=asking("Why is\nthe sky blue?"))
    )
    result = recorded.run("runs")
    assert result.exit_code == 0
    _names, figures, question = result.stdout.splitlines()
    for word in (
        a_run(1).id[:8],
        "support",
        "5d41402a…",
        "terse",
        "small-instruct",
        "200",
        "12→34",
        "$0.00042",
        "250 ms",
    ):
        assert word in figures
    assert question == "  Why is the sky blue?"


def test_columns_stand_under_their_names(recorded: Recorded) -> None:
    recorded.put(a_run(1, agent="a-long-agent"), a_run(2, usage=None, session="s", cost_usd=1.5))
    names, second, _, first, _ = recorded.run("runs").stdout.splitlines()
    assert names.index("agent") == first.index("a-long-agent") == second.index("support")
    assert len(names) == len(first) == len(second)


def test_the_newest_twenty_are_shown_and_the_rest_counted(recorded: Recorded) -> None:
    recorded.put(*(a_run(number) for number in range(25)))
    shown = recorded.run("runs").stdout
    assert a_run(24).id[:8] in shown
    assert a_run(4).id[:8] not in shown
    assert "20 of 25 runs" in shown
    assert a_run(4).id[:8] in recorded.run("runs", "--limit", "25").stdout


def test_no_runs_are_said_to_be_none(recorded: Recorded) -> None:
    recorded.put()
    assert recorded.run("runs").stdout == "No runs.\n"
    assert recorded.lines("runs") == []


def test_json_is_one_document_a_line_for_every_run(recorded: Recorded) -> None:
    # More than a page of the store's.
    recorded.put(*(a_run(number) for number in range(450)))
    assert ids(recorded.lines("runs")) == [a_run(number).id for number in reversed(range(450))]
    assert len(recorded.lines("runs", "--limit", "201")) == 201


def test_json_has_the_names_of_the_record(recorded: Recorded) -> None:
    step = Step("variant_routing", 0, 0, (Fact("assignment", {"propensity": 0.25}),))
    recorded.put(a_run(1, steps=(step,), user="pseudonym", session="s", session_source="header"))
    (document,) = recorded.lines("runs")
    assert document["time"] == "2023-11-14T12:00:01.000Z"
    assert document["duration_ms"] == 250
    assert document["propensity"] == 0.25
    assert document["question"] == "How do I reset my password?"
    assert document["answer"] == "Open the settings."
    stored = msgspec.structs.asdict(a_run(1))
    for name in ("id", "trace_id", "tenant", "agent", "model", "provider", "status", "outcome", "turn", "source"):
        assert document[name] == stored[name]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--agent", "sales"], [1]),
        (["--session", "abcdef123456"], [2]),
        (["--session", "abcdef12…"], [3, 2]),
        (["--session", "abc"], [3, 2]),
        (["--user", "ada"], [3]),
        (["--variant", "terse"], [4]),
        (["--model", "other"], [5]),
        (["--status", "429"], [6]),
        (["--status", "4xx"], [6]),
        (["--status", "error"], [6]),
        (["--status", "cancelled"], []),
        (["--text", "ELEPHANTS"], [7]),
        (["--since", "2023-11-14T12:00:07+00:00"], [7]),
        (["--since", "1h"], []),
        (["--limit", "2"], [7, 6]),
    ],
    ids=str,
)
def test_options_choose_the_runs(recorded: Recorded, options: list[str], expected: list[int]) -> None:
    ada = user_hash(load_secret(recorded.data), "ada")
    recorded.put(
        a_run(1, agent="sales"),
        a_run(2, session="abcdef123456"),
        a_run(3, user=ada, session="abcdef123456789"),
        a_run(4, variant="terse"),
        a_run(5, model="other"),
        a_run(6, status=429, outcome="error"),
        a_run(7, answer=answering("I like elephants.")),
    )
    assert ids(recorded.lines("runs", *options)) == [a_run(number).id for number in expected]


def test_a_recent_run_is_not_older_than_an_hour(recorded: Recorded) -> None:
    recorded.put(a_run(1, started_ns=time.time_ns() - 1_800_000_000_000), a_run(2, started_ns=NOON // 2))
    assert ids(recorded.lines("runs", "--since", "1h")) == [a_run(1).id]


def test_a_user_may_be_given_by_the_pseudonym_that_json_shows(recorded: Recorded) -> None:
    pseudonym = user_hash(load_secret(recorded.data), "ada")
    recorded.put(a_run(1, user=pseudonym), a_run(2))
    assert ids(recorded.lines("runs", "--user", pseudonym)) == [a_run(1).id]


def test_a_narrow_terminal_loses_no_figure_that_matters(recorded: Recorded) -> None:
    recorded.width = 40
    recorded.put(a_run(1, request=asking("word " * 100)))
    shown = recorded.run("runs").stdout
    assert a_run(1).id[:8] in shown
    assert "250 ms" in shown
    assert shown.splitlines()[-1].endswith("…")


def test_words_of_a_model_cannot_command_the_terminal(recorded: Recorded) -> None:
    recorded.put(a_run(1, request=asking("\x1b[2J\x1b]0;owned\x07 [red]hello[/red]")))
    shown = recorded.run("runs").stdout
    assert "\x1b" not in shown
    assert "[red]hello[/red]" in shown


def test_calls_that_were_never_recorded_are_told(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    segment = recorded.journal(SEGMENT)
    gap = Gap(NOON, NOON + 60_000_000_000, 12, "No space left on device", "w0", 1)
    (segment.parent / "gaps.jsonl").write_bytes(msgspec.json.encode(gap) + b"\n")
    told = recorded.run("runs").stderr
    assert "12 calls were served but not recorded between 2023-11-14 12:00:00 and 2023-11-14 12:01:00" in told
    assert "No space left on device" in told


def test_what_the_store_does_not_have_yet_is_told(recorded: Recorded) -> None:
    segment = recorded.journal(SEGMENT, a_run(1), a_run(2))
    store = recorded.store()
    size = segment.stat().st_size
    store.put([a_run(1)], {SEGMENT: size // 2})
    assert "of the journal are not in the store yet" in recorded.run("runs").stderr
    store.put([a_run(2)], {SEGMENT: size})
    store.close()
    assert recorded.run("runs").stderr == ""


def test_the_store_may_be_named_outright(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    recorded.config.unlink()
    assert ids(recorded.lines("runs", "--db", f"sqlite:///{recorded.database}")) == [a_run(1).id]


def test_the_rest_of_the_configuration_need_not_be_in_order(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    with recorded.config.open("a") as file:
        file.write('providers: {openai: {base_url: "https://example.org", api_key: "${env:NO_SUCH_KEY}"}}\n')
    assert ids(recorded.lines("runs")) == [a_run(1).id]


# Refusals


def test_a_database_that_is_not_there_is_not_made(recorded: Recorded) -> None:
    assert "does not exist; no call has been recorded there yet" in refusal(recorded.run("runs"))
    assert not recorded.data.exists()


def test_a_configuration_that_is_not_there_is_named(recorded: Recorded) -> None:
    recorded.config.unlink()
    assert str(recorded.config) in refusal(recorded.run("runs"))


def test_a_records_section_with_a_mistake_is_told_with_its_line(recorded: Recorded) -> None:
    recorded.config.write_text("version: 1\nrecords:\n  dirr: data\n")
    line = refusal(recorded.run("runs"))
    assert line.startswith(f"{recorded.config}:3: records.dirr")
    assert "did you mean 'dir'?" in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--status", "fine"], "--status: 'fine' is neither"),
        (["--since", "yesterday"], "--since: 'yesterday' is neither an age"),
        (["--db", "mysql://host/db"], "no store speaks 'mysql'"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_line(recorded: Recorded, options: list[str], words: str) -> None:
    recorded.put()
    assert words in refusal(recorded.run("runs", *options))


# Deletion


def test_deleting_a_user_reaches_store_and_journal(recorded: Recorded) -> None:
    ada = user_hash(load_secret(recorded.data), "ada")
    mine = [a_run(1, user=ada, request=asking("xyzzy one")), a_run(3, user=ada, request=asking("xyzzy three"))]
    other = a_run(2)
    segment = recorded.journal(SEGMENT, mine[0], other, mine[1])
    # The last line is not indexed yet.
    recorded.put(mine[0], other)
    deleted = recorded.json("runs", "delete", "--user", "ada", "--yes")
    assert mine[0].id in deleted["deleted"]
    assert other.id not in deleted["deleted"]
    assert ids(recorded.lines("runs")) == [other.id]
    left = segment.read_bytes()
    assert b"xyzzy" not in left
    assert other.id.encode() in left
    assert b"xyzzy" not in recorded.database.read_bytes()


def test_deleting_a_run_takes_the_beginning_of_its_id(recorded: Recorded) -> None:
    recorded.put(a_run(1), a_run(2), a_run(3))
    result = recorded.run("runs", "delete", "--run", a_run(1).id[:6], "--run", a_run(3).id, "--yes")
    assert result.stdout == "2 runs deleted\n"
    assert ids(recorded.lines("runs")) == [a_run(2).id]


def test_deleting_what_is_old_keeps_what_began_at_the_given_time(recorded: Recorded) -> None:
    recorded.put(a_run(1), a_run(2), a_run(3))
    recorded.run("runs", "delete", "--before", "2023-11-14T12:00:02+00:00", "--yes")
    assert ids(recorded.lines("runs")) == [a_run(3).id, a_run(2).id]


def test_nothing_is_deleted_without_a_yes(recorded: Recorded) -> None:
    recorded.put(a_run(1))
    assert "1 run would be deleted for good; say --yes" in refusal(recorded.run("runs", "delete", "--run", a_run(1).id))
    assert len(recorded.lines("runs")) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "say which runs to delete"),
        (["--user", "ada", "--before", "1d"], "say which runs to delete"),
        (["--run", "ffff"], "there is no run 'ffff'"),
        (["--before", "soon"], "--before: 'soon' is neither"),
        (["--run", "00"], "begins the ids of several runs"),
        (["--run", "00aa", "--db", "postgresql://host/db"], "use --config"),
    ],
)
def test_a_deletion_that_is_not_clear_is_refused(recorded: Recorded, options: list[str], words: str) -> None:
    recorded.put(a_run(1, id=f"{1:032x}"), a_run(2, id=f"{2:032x}"))
    assert words in refusal(recorded.run("runs", "delete", *options, "--yes"))
    assert len(recorded.lines("runs")) == 2


# The real program


def real(recorded: Recorded, command: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell command in which `burnish` is the program itself."""
    environment = {**os.environ, "BURNISH_CONFIG": str(recorded.config), "COLUMNS": "100"}
    typed = command.replace("burnish", f"{shlex.quote(sys.executable)} -m burnish")
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {typed}"], env=environment, capture_output=True, text=True, check=False
    )


def test_a_reader_that_has_seen_enough_is_no_error(recorded: Recorded) -> None:
    # More than a pipe holds.
    recorded.put(*(a_run(number, answer=answering("word " * 80)) for number in range(400)))
    done = real(recorded, "burnish runs --json | head -n 1")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["id"] == a_run(399).id


def test_the_program_fails_with_one_line_and_a_failing_code(recorded: Recorded) -> None:
    done = real(recorded, "burnish show ffff")
    assert done.returncode == 1
    assert done.stderr == f"burnish: {recorded.database} does not exist; no call has been recorded there yet\n"


def test_a_person_at_a_terminal_is_asked_before_anything_is_deleted(recorded: Recorded) -> None:
    recorded.put(a_run(1), a_run(2))
    for answer, left in (("n", 2), ("y", 1)):
        asked = answered_at_a_terminal(recorded, f"{answer}\n", "runs", "delete", "--run", a_run(1).id)
        assert "Delete 1 run for good, from the store and the journal?" in asked
        assert len(recorded.lines("runs")) == left


def answered_at_a_terminal(recorded: Recorded, answer: str, *arguments: str) -> str:
    """What the program prints when a person types `answer` at its terminal."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "burnish", *arguments],
        env={**os.environ, "BURNISH_CONFIG": str(recorded.config)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    printed, _ = program.communicate(timeout=60)
    os.close(ours)
    return printed
