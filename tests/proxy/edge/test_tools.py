"""Whatever API an agent speaks, the tools that fail are withheld by what the background process published."""

from typing import Any

import pytest

from stores.routing import Folded
from stores.states.sqlite import SqliteStates
from stores.tool_states import TOOLS, Failing, FailingTools
from tests.proxy.edge.conftest import Start
from tests.proxy.edge.ways import NATIVE, Way
from tests.support.upstream import Upstream, says

HIDING = {"tool_outcomes": {"hide_failing": True, "substitutes": {"search": ["archive"]}}}
FAILING = FailingTools(agent="support", tools={"search": Failing(1, 2**62, "5 failures in a row")})


def offered(upstream: Upstream) -> list[str]:
    """By the last request that came up."""
    return [tool.get("function", tool)["name"] for tool in upstream.requests[-1].json()["tools"]]


@pytest.mark.parametrize("way", NATIVE, ids=str)
async def test_a_tool_that_is_published_as_failing_is_withheld_until_it_works(
    upstream: Upstream, start: Start, way: Way
) -> None:
    line = await way.open(start, upstream, agent={"middleware": [HIDING]})
    proxy = line.proxy
    await line.told("hello", tools=["search", "archive"])
    assert offered(upstream) == ["search", "archive"]
    background = SqliteStates(proxy.records / "state.db", TOOLS)
    assert background.save(None, Folded(1, b""), FAILING)
    await proxy.worker.follow_tools()
    await line.told("hello again", tools=["search", "archive"])
    assert offered(upstream) == ["archive"]
    assert background.save(Folded(1, b""), Folded(2, b""), FailingTools(agent="support"))
    background.close()
    await proxy.worker.follow_tools()
    await line.told("and again", tools=["search", "archive"])
    assert offered(upstream) == ["search", "archive"]
    _, withheld, _ = await proxy.recorded(3)
    (fact,) = withheld.facts("tools_withheld")
    assert fact.attributes == {"tools": ["search"], "offered": [False], "probabilities": [0.0]}


@pytest.mark.parametrize("agent", [{"mode": "observe", "middleware": [HIDING]}, {"middleware": ["tool_outcomes"]}])
async def test_who_only_watches_changes_nothing(upstream: Upstream, start: Start, agent: dict[str, Any]) -> None:
    proxy = await start(agent=agent)
    upstream.always(says("well"))
    background = SqliteStates(proxy.records / "state.db", TOOLS)
    assert background.save(None, Folded(1, b""), FAILING)
    background.close()
    await proxy.worker.follow_tools()
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("search", "archive")]
    await proxy.chat("hello", tools=tools)
    assert upstream.requests[-1].json()["tools"] == tools


async def test_a_state_file_that_cannot_be_read_leaves_what_was_known(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"middleware": [HIDING]})
    upstream.always(says("well"))
    file = proxy.records / "state.db"
    background = SqliteStates(file, TOOLS)
    assert background.save(None, Folded(1, b""), FAILING)
    await proxy.worker.follow_tools()
    background._file.execute("drop table tool_states")
    background.close()
    await proxy.worker.follow_tools()
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("search", "archive")]
    assert (await proxy.chat("hello", tools=tools)).status == 200
    assert offered(upstream) == ["archive"]
