"""`burnish import traces FILE`."""

import gzip
from pathlib import Path

import pytest

from records.otlp import line_of
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import a_conversation, a_run


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_an_exported_file_gives_back_the_same_runs(recorded: Recorded) -> None:
    # More than a batch.
    runs = list(a_conversation(230, words=2))
    file = recorded.folder / "traces.jsonl.gz"
    file.write_bytes(gzip.compress(b"".join(line_of(run, {}) for run in runs)))
    counts = {"imported": 230, "already_there": 0, "not_ours": 0, "bad_lines": []}
    assert recorded.json("import", "traces", str(file)) == counts
    assert recorded.json("import", "traces", str(file)) == {**counts, "imported": 0, "already_there": 230}
    store = recorded.store()
    assert [store.get(run.id) for run in runs] == runs
    store.close()


def test_counts_are_told_in_words(recorded: Recorded) -> None:
    file = recorded.folder / "traces.jsonl"
    recorded.put(a_run(2))
    file.write_bytes(line_of(a_run(1), {}) + line_of(a_run(2), {}))
    result = recorded.run("import", "traces", str(file))
    assert result.stdout == "1 run imported, 1 already there, 0 traces not of Burnish\n"
    assert result.exit_code == 0


def test_bad_lines_are_named_and_the_command_fails_but_the_rest_is_in(recorded: Recorded) -> None:
    file = recorded.folder / "traces.jsonl"
    file.write_bytes(b"nonsense\n" * 30 + line_of(a_run(1), {}))
    result = recorded.run("import", "traces", str(file))
    assert result.exit_code == 1
    assert result.stdout == "1 run imported, 0 already there, 0 traces not of Burnish, 30 bad\n"
    named = result.stderr.splitlines()
    assert named[0].startswith("line 1: not OTLP JSON")
    assert named[20] == "… and 10 more; --json names them all"
    assert len(named) == 21
    store = recorded.store()
    assert store.get(a_run(1).id) == a_run(1)
    store.close()


def test_json_names_every_bad_line(recorded: Recorded) -> None:
    file = recorded.folder / "traces.jsonl"
    file.write_bytes(line_of(a_run(1), {}) + b"nonsense\n" * 30)
    result = recorded.run("import", "traces", str(file), "--json")
    assert result.exit_code == 1
    assert result.stdout.count('"number"') == 30


@pytest.mark.parametrize("content", [None, b"\x1f\x8bnonsense", gzip.compress(b"x" * 1000)[:-9]])
def test_a_file_that_cannot_be_read_is_named(recorded: Recorded, content: bytes | None) -> None:
    file = recorded.folder / "traces.jsonl"
    if content is not None:
        file.write_bytes(content)
    assert f"{file} cannot be read" in refusal(recorded.run("import", "traces", str(file)))
