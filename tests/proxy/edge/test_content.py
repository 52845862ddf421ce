"""What an owner does not want kept is in the journal nowhere: not in bodies, not in what tools were asked and said."""

import json
from typing import Any

import pytest

from stores.segments import journal_in
from tests.proxy.edge.conftest import Start
from tests.support.proxy import Proxy
from tests.support.upstream import Upstream, says

SECRET = "sk-" + "proj-aB3dE5gH7jK9mN1pQ3sT5vW7"


def conversation(words: str) -> list[Any]:
    """A call whose question, tool call and tool result hold the words."""
    function = {"name": "look_up", "arguments": json.dumps({"for": words})}
    return [
        f"question {words}",
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c", "content": f"result {words}"},
    ]


def journal_of(proxy: Proxy) -> bytes:
    return b"".join(file.read_bytes() for file in journal_in(proxy.records).iterdir())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_secret_is_recorded_nowhere(stream: bool, upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": ["tool_outcomes"]})
    upstream.reply(says(f"answer {SECRET}"))
    await proxy.chat(*conversation(SECRET), stream=stream)
    (run,) = await proxy.recorded()
    assert SECRET.encode() not in journal_of(proxy)
    assert run.tools[0].result == "result [redacted]"
    assert "question [redacted]" in str(run.request)
    assert "answer [redacted]" in str(run.answer)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_with_content_none_no_word_is_recorded(stream: bool, upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": ["tool_outcomes"], "content": "none"})
    upstream.reply(says("answer word-of-mouth"))
    await proxy.chat(*conversation("word-of-mouth"), stream=stream)
    (run,) = await proxy.recorded()
    assert b"word-of-mouth" not in journal_of(proxy)
    assert [tool.name for tool in run.tools] == ["look_up"]
    assert run.status == 200
