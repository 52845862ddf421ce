"""Calls of every API look alike in `burnish show` and `burnish runs`, and are deleted alike."""

import json
import re
from pathlib import Path

import pytest

from stores.responses import KeptResponse, ResponseStore, responses_in
from stores.secret import load_secret, user_hash
from stores.segments import SegmentName
from tests.burnish.commands.recorded import Recorded
from tests.support import apis
from tests.support.runs import NOON, a_run

SEGMENT = str(SegmentName(NOON, "w0", 1, 1))


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def ada(recorded: Recorded) -> str:
    """How the record knows a user called ada."""
    return user_hash(load_secret(recorded.data), "ada")


def shown(recorded: Recorded, api: str) -> list[str]:
    """What `burnish show` tells of a call behind its ids, without its columns."""
    run = apis.answered_in(api, streamed=api != "embeddings", first_chunk_ns=a_run(1).started_ns + 31_000_000)
    recorded.put(run)
    lines = recorded.run("show", run.id).stdout.splitlines()
    return [" ".join(line.split()).replace(f"/v1/{api}", "/v1/API") for line in lines]


def after(title: str, lines: list[str]) -> list[str]:
    return lines[lines.index(title) + 1 :]


def test_a_conversation_is_shown_with_question_answer_tokens_and_first_chunk(recorded: Recorded) -> None:
    lines = shown(recorded, "chat/completions")
    assert after("Question", lines) == [apis.QUESTION, "", "Answer", apis.ANSWER]
    assert any("12 → 34 tokens · first chunk after 31.0 ms" in line for line in lines)


@pytest.mark.parametrize("api", ["responses", "messages", "completions"])
def test_other_apis_are_shown_as_chat_completions_are(recorded: Recorded, tmp_path: Path, api: str) -> None:
    (tmp_path / "other").mkdir()
    as_chat = shown(Recorded(tmp_path / "other"), "chat/completions")
    assert [line.replace("text_completion small", "chat small") for line in shown(recorded, api)] == as_chat


def test_embeddings_are_shown_with_what_was_embedded_and_the_tokens_that_took(recorded: Recorded) -> None:
    lines = shown(recorded, "embeddings")
    assert after("Question", lines) == [apis.QUESTION, "", "Answer", apis.EMBEDDED]
    assert any("embeddings small-instruct" in line for line in lines)
    assert any("12 tokens · first chunk" in line for line in lines)


@pytest.mark.parametrize("api", apis.WITH_TOOLS)
def test_the_tool_calls_that_an_answer_asks_for_are_shown(recorded: Recorded, api: str) -> None:
    run = apis.asking_for_a_tool_in(api)
    recorded.put(run)
    lines = recorded.run("show", run.id).stdout.splitlines()
    assert "Answer" not in lines
    assert after("Tool calls", lines) == [apis.CALL]
    assert [listed["answer"] for listed in recorded.lines("runs")] == [apis.CALL]


@pytest.mark.parametrize("api", apis.ALL)
def test_bodies_are_shown_whole_in_the_words_of_their_api(recorded: Recorded, api: str) -> None:
    run = apis.answered_in(api, sent='{"model":"other"}')
    assert run.request is not None
    assert run.answer is not None
    recorded.put(run)
    _, request, sent, answer = re.split(r"\n(?:Request|Sent|Answer)\n", recorded.run("show", run.id, "--bodies").stdout)
    assert json.loads(request) == json.loads(run.request)
    assert json.loads(sent) == {"model": "other"}
    assert json.loads(answer) == json.loads(run.answer)


def test_a_list_tells_the_same_of_all(recorded: Recorded) -> None:
    recorded.put(*(apis.answered_in(api, number) for number, api in enumerate(apis.ALL)))
    listed = recorded.lines("runs")
    assert [run["question"] for run in listed] == [apis.QUESTION] * len(apis.ALL)
    assert [run["answer"] for run in listed] == [apis.EMBEDDED, *[apis.ANSWER] * (len(apis.ALL) - 1)]
    assert recorded.run("runs").stdout.count(f"  {apis.QUESTION}\n") == len(apis.ALL)


@pytest.mark.parametrize("api", apis.ALL)
def test_a_call_is_found_by_its_words_and_by_its_user(recorded: Recorded, ada: str, api: str) -> None:
    recorded.put(apis.answered_in(api, 1, user=ada), a_run(2))
    for option in (["--text", "BERN?"], ["--user", "ada"]):
        assert [run["id"] for run in recorded.lines("runs", *option)] == [a_run(1).id]


@pytest.mark.parametrize("api", apis.ALL)
def test_what_its_journal_tells_is_read_back_as_it_was(recorded: Recorded, api: str) -> None:
    run = apis.answered_in(api)
    told = recorded.json(
        "import", "traces", str(recorded.journal(SEGMENT, run)), "--db", f"sqlite:///{recorded.database}"
    )
    assert told["imported"] == 1
    store = recorded.store()
    assert store.get(run.id) == run
    store.close()


@pytest.mark.parametrize("api", apis.ALL)
def test_deleting_a_user_reaches_store_and_journal(recorded: Recorded, ada: str, api: str) -> None:
    indexed, waiting = (apis.answered_in(api, number, user=ada) for number in (1, 3))
    segment = recorded.journal(SEGMENT, indexed, waiting)
    recorded.put(indexed)
    deleted = recorded.json("runs", "delete", "--user", "ada", "--yes")["deleted"]
    assert set(deleted) == {indexed.id, waiting.id}
    assert b"Bern" not in segment.read_bytes() + recorded.database.read_bytes()


def test_deleting_a_user_reaches_the_responses_that_could_be_gone_on_from(recorded: Recorded, ada: str) -> None:
    runs = [apis.answered_in("responses", 1, user=ada), apis.answered_in("responses", 2)]
    recorded.put(*runs)
    responses = ResponseStore(responses_in(recorded.data))
    mine, another = (
        KeptResponse(f"resp_{run.id}", run.agent, run.user, "s", run.id, run.trace_id, "base", "smart", run.ended_ns)
        for run in runs
    )
    for kept in (mine, another):
        responses.put(kept)
    recorded.run("runs", "delete", "--user", "ada", "--yes")
    assert responses.get(mine.agent, mine.id) is None
    assert responses.get(another.agent, another.id) == another
    responses.close()
