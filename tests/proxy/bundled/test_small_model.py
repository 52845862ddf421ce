"""The real model, run as a user gets it: what it answers, what it refuses, and how it comes back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from textwrap import dedent
from urllib.request import urlopen

import pytest

from proxy.bundled.catalogue import QWEN_CODER_05B, SMOLLM2_135M
from proxy.bundled.engine import find_engine
from proxy.bundled.server import BundledServer
from tests.proxy.bundled.chat import Chat
from tests.proxy.bundled.test_server import killed, wait_until_gone
from tests.support.small_model import LOADS_WITHIN, server_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FRUITS = "Name three fruits."


@pytest.fixture
def chat(small_model: str) -> Chat:
    return Chat(small_model)


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BundledServer]:
    """A server that a test may treat badly, with a context short enough to be filled quickly."""
    with server_of(replace(SMOLLM2_135M, context=1024), tmp_path_factory) as server:
        server.start()
        server.wait_ready(LOADS_WITHIN)
        yield server


def words(count: int) -> str:
    """A prompt of at least as many tokens."""
    return " ".join(f"stone{number}" for number in range(count))


def names_fruits(text: str) -> bool:
    return sum(fruit in text.lower() for fruit in ("apple", "banana", "grape", "orange", "mango", "berr")) >= 2


def test_it_names_itself_in_the_list_of_models_and_in_answers(small_model: str, chat: Chat) -> None:
    with urlopen(f"{small_model}/models") as answer:
        listed = json.load(answer)
    assert [model["id"] for model in listed["data"]] == ["smollm2-135m-instruct"]
    assert chat.ask("Say hi.", max_tokens=1, model="any")["model"] == "smollm2-135m-instruct"


def test_a_whole_answer_is_right_and_counts_its_tokens(chat: Chat) -> None:
    answer = chat.ask(FRUITS, temperature=0)
    (choice,) = answer["choices"]
    assert names_fruits(choice["message"]["content"])
    assert choice["finish_reason"] == "stop"
    usage = answer["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]


def test_a_streamed_answer_comes_in_pieces_with_usage_at_the_end(chat: Chat) -> None:
    *chunks, last = chat.chunks(FRUITS, temperature=0, stream_options={"include_usage": True})
    pieces = [chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks]
    assert len([piece for piece in pieces if piece]) > 3
    assert names_fruits("".join(pieces))
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] > 3


def test_a_streamed_answer_has_no_usage_unless_asked(chat: Chat) -> None:
    assert all(chunk["choices"] for chunk in chat.chunks(FRUITS, max_tokens=4))


def test_a_json_schema_is_kept(chat: Chat) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": schema}}
    answer = chat.ask("Name a city and how many people live there.", response_format=wanted, max_tokens=200)
    place = json.loads(answer["choices"][0]["message"]["content"])
    assert isinstance(place["city"], str)
    assert isinstance(place["people"], int)
    assert len(place) == 2


def test_the_answer_ends_before_a_stop_word(chat: Chat) -> None:
    (free,) = chat.ask(FRUITS, temperature=0)["choices"]
    (stopped,) = chat.ask(FRUITS, temperature=0, stop=["an"])["choices"]
    assert "an" in free["message"]["content"]
    assert "an" not in stopped["message"]["content"]
    assert stopped["finish_reason"] == "stop"


def test_it_takes_content_parts_developer_messages_and_tool_results(chat: Chat) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is the weather in Paris?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    answer = chat.ask("", messages=messages, tools=[tool], max_tokens=8)
    assert answer["choices"][0]["message"]["content"]


def test_two_choices_are_as_many_as_it_has_slots(chat: Chat) -> None:
    assert len(chat.ask("Say hi.", n=2, max_tokens=4)["choices"]) == 2
    status, document = chat.status_and_document("Say hi.", n=3, max_tokens=4)
    assert status == 400
    assert document["error"]["message"] == "Field 'n': Value must be between 1 <= value <= 2, but got 3"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_prompt_beyond_the_context_gets_a_400_that_says_how_long_it_was(chat: Chat, stream: bool) -> None:
    status, document = chat.status_and_document(words(SMOLLM2_135M.context), stream=stream)
    assert status == 400
    assert document["error"]["type"] == "exceed_context_size_error"
    assert document["error"]["n_ctx"] == SMOLLM2_135M.context
    assert document["error"]["n_prompt_tokens"] > SMOLLM2_135M.context
    chat.ask(FRUITS, max_tokens=1)


def test_more_callers_than_slots_wait_their_turn(chat: Chat) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda number: chat.ask(f"Say {number}.", max_tokens=4), range(8)))
    assert all(answer["usage"]["completion_tokens"] for answer in answers)


def test_a_conversation_that_fills_its_context_ends_there_and_leaves_its_neighbours_alone(
    own_server: BundledServer,
) -> None:
    chat = Chat(own_server.base_url)
    with ThreadPoolExecutor(2) as callers:
        answers = list(callers.map(lambda n: chat.ask(f"{n} {words(200)}", ignore_eos=True), range(2)))
    for answer in answers:
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["total_tokens"] == 1024


def test_an_answer_nobody_bounded_ends(tmp_path_factory: pytest.TempPathFactory) -> None:
    flags = [flag if flag != "1024" else "32" for flag in SMOLLM2_135M.flags]
    with server_of(replace(SMOLLM2_135M, flags=tuple(flags)), tmp_path_factory) as server:
        server.start()
        server.wait_ready(LOADS_WITHIN)
        answer = Chat(server.base_url).ask("Tell me everything.", ignore_eos=True)
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 32


def test_after_a_kill_it_is_restarted_and_answers_at_the_same_url(own_server: BundledServer) -> None:
    base_url = own_server.base_url
    killed(own_server)
    own_server.restart()
    own_server.wait_ready(LOADS_WITHIN)
    assert own_server.base_url == base_url
    assert names_fruits(Chat(base_url).ask(FRUITS, temperature=0)["choices"][0]["message"]["content"])


def test_it_dies_with_its_parent_in_the_middle_of_an_answer(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    gguf = server_of(SMOLLM2_135M, tmp_path_factory).gguf
    script = f"""
        import os, sys, time
        from pathlib import Path
        from proxy.bundled.catalogue import SMOLLM2_135M
        from proxy.bundled.engine import find_engine
        from proxy.bundled.server import BundledServer

        log = Path({str(tmp_path / "log")!r})
        server = BundledServer(SMOLLM2_135M, Path({str(gguf)!r}), engine=find_engine(), log=log, environ=os.environ)
        server.start()
        server.wait_ready({LOADS_WITHIN})
        print(server.base_url, flush=True)
        time.sleep(600)
    """
    with subprocess.Popen([sys.executable, "-c", dedent(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        base_url = parent.stdout.readline().strip()
        body = {"messages": [{"role": "user", "content": "Tell a story."}], "stream": True, "ignore_eos": True}
        answer = urlopen(f"{base_url}/chat/completions", json.dumps(body).encode())
        assert answer.readline().startswith(b"data: ")
        parent.kill()
    wait_until_gone(base_url)
    answer.close()


def test_without_its_library_preloaded_the_server_dies_at_the_first_chat(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Keeps the reason for the preload true: when this fails, a newer llama.cpp no longer needs it."""
    server = server_of(SMOLLM2_135M, tmp_path_factory, engine=replace(find_engine(), preload=None))
    with server:
        server.start()
        server.wait_ready(LOADS_WITHIN)
        with pytest.raises((OSError, HTTPException)):
            Chat(server.base_url).ask(FRUITS, max_tokens=4)


def test_a_model_in_parts_is_joined_and_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    with server_of(QWEN_CODER_05B, tmp_path_factory) as server:
        server.start()
        server.wait_ready(LOADS_WITHIN)
        answer = Chat(server.base_url).ask("What is 2 + 3? Answer with the number only.", temperature=0, max_tokens=8)
    assert "5" in answer["choices"][0]["message"]["content"]
    assert answer["model"] == "qwen2.5-coder-0.5b-instruct"
