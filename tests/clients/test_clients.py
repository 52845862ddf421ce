"""Every client that an agent may be built on sees a streamed answer, a whole one, tool calls and typed errors."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.conftest import APIS, Served
from tests.clients.matrix import Api, Client
from tests.clients.model import ANSWER
from tests.clients.page import RUNS, Run
from tests.clients.running import made_ready
from tests.support.environments import Environments
from tests.support.upstream import CHAT, MESSAGES, RESPONSES, Received

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

PATHS: dict[Api, str] = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}
CODES = {
    "chat": {"refused": "rate_limit_exceeded", "wrong_key": "invalid_api_key"},
    "responses": {"refused": "rate_limit_exceeded", "wrong_key": "invalid_api_key"},
    "messages": {"refused": "rate_limit_error", "wrong_key": "authentication_error"},
}


@dataclass(frozen=True)
class Ran:
    client: Client
    converted: bool
    seen: dict[str, Any]
    asked: list[Received]
    """What reached the provider meanwhile."""


def named(run: Run) -> str:
    return f"{run.client}-{'converted' if run.converted else 'native'}"


@pytest.fixture(scope="module", params=RUNS, ids=named)
def ran(
    request: pytest.FixtureRequest,
    environments: Environments,
    serving: Callable[[tuple[Api, ...]], Served],
    tmp_path_factory: pytest.TempPathFactory,
) -> Ran:
    """One run of a client's script, which does everything that the tests below ask about."""
    client, converted = request.param
    served = serving(("chat",) if converted else APIS)
    before = len(served.upstream.requests)
    running = made_ready(client, served.endpoint, environments, tmp_path_factory.mktemp(client.name))
    seen = running.script()
    return Ran(client, converted, seen, served.upstream.requests[before:])


def test_a_client_runs_in_the_version_that_is_locked(ran: Ran) -> None:
    assert ran.seen["version"] in ran.client.home.locked(ran.client.package)


def test_a_client_reaches_the_provider_by_an_api_that_it_speaks(ran: Ran) -> None:
    assert {asked.path for asked in ran.asked} == {PATHS["chat" if ran.converted else ran.client.api]}


@pytest.mark.shows("streamed")
def test_a_client_gets_an_answer_piece_by_piece_and_its_usage_once(ran: Ran) -> None:
    assert ran.seen["streamed"] == ran.client.streamed


@pytest.mark.shows("whole")
def test_a_client_gets_a_whole_answer_unless_it_always_streams(ran: Ran) -> None:
    if ran.client.whole:
        assert ran.seen["whole"] == {"text": ANSWER}
        assert not all(asked.json().get("stream") for asked in ran.asked)
    else:
        assert all(asked.json()["stream"] for asked in ran.asked)


@pytest.mark.shows("tools")
def test_a_client_calls_a_local_tool_and_sends_its_result_back(ran: Ran) -> None:
    used = {name: ran.seen[name] for name in ran.client.tools}
    for each in used.values():
        if "cities" in each:
            each["cities"].sort()
    assert used == dict.fromkeys(ran.client.tools, ran.client.used_tool)


@pytest.mark.shows("errors")
def test_a_client_says_what_the_provider_said_when_it_refuses(ran: Ran) -> None:
    failure = ran.seen["refused"]
    assert failure["error"] == ran.client.refused
    assert re.search(r"Rate limit reached\.|The request is not valid\.", failure["message"])
    if "status" in ran.client.tells:
        assert failure["status"] == 429
    if "code" in ran.client.tells:
        assert failure["code"] == CODES[ran.client.api]["refused"]


@pytest.mark.shows("errors")
def test_a_client_says_that_its_key_is_wrong(ran: Ran) -> None:
    failure = ran.seen["wrong_key"]
    assert failure["error"] == ran.client.wrong_key
    assert "API key" in failure["message"]
    if "status" in ran.client.tells:
        assert failure["status"] == 401
    if "code" in ran.client.tells:
        assert failure["code"] == CODES[ran.client.api]["wrong_key"]
