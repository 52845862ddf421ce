"""A tool that fails is not offered where its owner allows that and another can stand in for it, and comes back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from burnish.testing import exchange, facts, finish, request, run, says
from middleware.chain import Link, compile_chain
from middleware.exchange import Exchange
from middleware.observe import observed
from middleware.services import Services
from middleware.tool_outcomes import ToolOutcomes, ToolOutcomesSettings, ToolsWithheld
from proxy.wire.convert.pieces import Api
from stores.tool_states import Failing

APIS = pytest.mark.parametrize("api", ["chat", "responses", "messages"])
HIDING: dict[str, Any] = {"hide_failing": True, "substitutes": {"search": ["news", "archive"]}}
NOW = 1_000
OPEN = Failing(since_ns=0, until_ns=NOW + 1, why="5 failures in a row")
HALF_OPEN = Failing(since_ns=0, until_ns=NOW, why="5 failures in a row")


def step(failing: Mapping[str, Failing], settings: Mapping[str, Any] = HIDING, seed: int = 1) -> ToolOutcomes:
    services = Services("a", clock=lambda: NOW, random=Random(seed), failing_tools=lambda: failing)
    return ToolOutcomes(ToolOutcomesSettings(**settings), services)


def asking(*tools: str, api: Api = "chat", **fields: Any) -> Exchange:
    offered = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in tools]
    return exchange(request("hello", api=api, tools=offered, **fields))


async def offered(given: Exchange, watching: ToolOutcomes) -> list[str]:
    """What the model is offered."""
    model = says("well")
    await finish(await run(watching, model=model, given=given))
    return [tool.name for tool in model.asked[0].request.tools]


@APIS
async def test_a_failing_tool_is_not_offered_while_a_substitute_is(api: Api) -> None:
    given = asking("search", "news", "time", api=api)
    assert await offered(given, step({"search": OPEN})) == ["news", "time"]
    assert facts(given, ToolsWithheld) == [ToolsWithheld(("search",), (False,), (0.0,))]


@pytest.mark.parametrize(
    ("failing", "settings", "tools"),
    [
        pytest.param({"search": OPEN}, {**HIDING, "hide_failing": False}, ["search", "news"], id="not allowed"),
        pytest.param({"search": OPEN}, {"hide_failing": True}, ["search", "news"], id="no substitute is named"),
        pytest.param({"search": OPEN}, HIDING, ["search", "time"], id="the substitute is not offered"),
        pytest.param({"search": OPEN}, HIDING, ["search"], id="it is the only one"),
        pytest.param({"search": OPEN, "news": OPEN}, HIDING, ["search", "news"], id="the substitute fails too"),
        pytest.param({}, HIDING, ["search", "news"], id="nothing fails"),
        pytest.param({"other": OPEN}, HIDING, ["search", "news"], id="another tool fails"),
    ],
)
async def test_it_is_offered_where(
    failing: Mapping[str, Failing], settings: Mapping[str, Any], tools: Sequence[str]
) -> None:
    given = asking(*tools)
    before = given.request.body
    watching, model = step(failing, settings), says("well")
    await finish(await run(watching, model=model, given=given))
    assert model.asked[0].request.body is before
    assert facts(given, ToolsWithheld) == []


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "function", "function": {"name": "search"}},
        {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "search"}}]},
        },
    ],
)
async def test_a_tool_that_the_call_names_is_offered(choice: Any) -> None:
    assert await offered(asking("search", "news", tool_choice=choice), step({"search": OPEN})) == ["search", "news"]


async def test_that_some_tool_has_to_be_called_does_not_name_one() -> None:
    assert await offered(asking("search", "news", tool_choice="required"), step({"search": OPEN})) == ["news"]


async def test_one_tool_is_always_left() -> None:
    both = {**HIDING, "substitutes": {"search": ["news"], "news": ["search"]}}
    assert await offered(asking("search", "news"), step({"search": OPEN, "news": OPEN}, both)) == ["search", "news"]


async def test_half_open_it_is_offered_now_and_then_and_the_probability_is_known() -> None:
    watching = step({"search": HALF_OPEN}, {**HIDING, "probe": 0.2})
    counted: Counter[bool] = Counter()
    for _ in range(1_000):
        given = asking("search", "news")
        names = await offered(given, watching)
        (fact,) = facts(given, ToolsWithheld)
        assert fact == ToolsWithheld(("search",), ("search" in names,), (0.2,))
        counted["search" in names] += 1
    # Five standard errors.
    assert 137 < counted[True] < 263


async def test_the_same_luck_makes_the_same_trials() -> None:
    async def trials(seed: int) -> list[bool]:
        watching = step({"search": HALF_OPEN}, {**HIDING, "probe": 0.5}, seed)
        return ["search" in await offered(asking("search", "news"), watching) for _ in range(30)]

    assert await trials(1) == await trials(1) != await trials(2)


async def test_who_observes_records_what_would_be_withheld_and_changes_nothing() -> None:
    model, watching = says("well"), step({"search": OPEN})
    handler = observed(lambda last: compile_chain([Link("tool_outcomes", watching)], last), model)
    given = asking("search", "news")
    assert (await finish(await handler(given))).text == "well"
    assert model.asked[0].request.body is given.request.body
    assert facts(given, ToolsWithheld) == [ToolsWithheld(("search",), (False,), (0.0,))]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"substitutes": {"search": ["search"]}}, "'search' cannot stand in for itself"),
        ({"breaker": {"coolingdown": 1}}, "did you mean 'cooldown'"),
        ({"breaker": {"tolerated": 0.9}}, "tolerated and broken"),
        ({"breaker": {"trials": "many"}}, "trials"),
        ({"probe": 0}, "greater than 0"),
        ({"outcomes": {"search": {"x": "bad"}}}, "caller_error"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Mapping[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ToolOutcomesSettings(**settings)
