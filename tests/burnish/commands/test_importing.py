"""`burnish import traces FILE`."""

import gzip
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from records.evaluation import evaluation_span
from records.otlp import encode, line_of
from records.score import Score
from stores.ledger import ScoreFilter, open_ledger
from tests.burnish.commands.recorded import Recorded, refusal
from tests.support.runs import a_conversation, a_run
from tests.support.scores import a_score


def pair(better: int, worse: int) -> Score:
    return a_score(better, evaluator="preference", kind="pair", against=a_run(worse).id)


def told(score: Score) -> bytes:
    """The line of a score that came after its run."""
    numbers = {a_run(number).id: number for number in range(1, 230)}
    runs = [a_run(numbers[id]) for id in (score.subject, score.against) if id is not None]
    return encode([evaluation_span(score, run) for run in runs], {})


def scores_in(recorded: Recorded) -> list[Score]:
    with closing(open_ledger(f"sqlite:///{recorded.database}")) as ledger:
        return ledger.scores(ScoreFilter())


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_an_exported_file_gives_back_the_same_runs(recorded: Recorded) -> None:
    # More than a batch.
    runs = list(a_conversation(230, words=2))
    file = recorded.folder / "traces.jsonl.gz"
    file.write_bytes(gzip.compress(b"".join(line_of(run, {}) for run in runs)))
    counts = {"imported": 230, "already_there": 0, "scores": 0, "not_ours": 0, "bad_lines": []}
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


def test_what_was_said_of_runs_comes_with_them(recorded: Recorded) -> None:
    said = [a_score(1), a_score(2, rationale="Too long."), pair(1, 2)]
    file = recorded.folder / "traces.jsonl"
    file.write_bytes(line_of(a_run(1), {}) + line_of(a_run(2), {}) + b"".join(map(told, said)))
    result = recorded.run("import", "traces", str(file))
    assert result.stdout == "2 runs and 3 scores imported, 0 already there, 0 traces not of Burnish\n"
    assert set(map(repr, scores_in(recorded))) == set(map(repr, said))
    assert recorded.json("import", "traces", str(file))["scores"] == 0


def test_of_a_raters_verdicts_the_latest_is_kept_wherever_it_is_known_from(recorded: Recorded) -> None:
    first, second = a_score(1, 0.0), a_score(1, 1.0, created_ns=a_score(1).created_ns + 1)
    # More than a batch lies between them.
    others = [a_score(number) for number in range(2, 230)]
    file = recorded.folder / "traces.jsonl"
    for verdicts in ((first, *others, second), (second, *others, first)):
        file.write_bytes(b"".join(map(told, verdicts)))
        recorded.json("import", "traces", str(file))
        assert second in scores_in(recorded)
        assert first not in scores_in(recorded)


def test_a_score_that_was_cut_on_the_way_does_not_replace_the_whole_one(recorded: Recorded) -> None:
    whole = a_score(1, rationale="Too long by far.")
    file = recorded.folder / "traces.jsonl"
    file.write_bytes(told(whole))
    recorded.json("import", "traces", str(file))
    file.write_bytes(told(replace(whole, rationale="Too long … [7 more bytes]")))
    recorded.json("import", "traces", str(file))
    assert scores_in(recorded) == [whole]


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
