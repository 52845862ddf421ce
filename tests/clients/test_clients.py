"""Every client that an agent may be built on sees a streamed answer, a whole one, tool calls and typed errors."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.conftest import APIS, Served
from tests.clients.matrix import CLIENTS, Api, Client
from tests.clients.model import ANSWER
from tests.clients.running import made_ready
from tests.support.environments import Environments
from tests.support.upstream import Received

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

NATIVE = APIS
CONVERTED: tuple[Api, ...] = ("chat",)
CODES = {
    "chat": {"refused": "rate_limit_exceeded", "wrong_key": "invalid_api_key"},
    "responses": {"refused": "rate_limit_exceeded", "wrong_key": "invalid_api_key"},
    "messages": {"refused": "rate_limit_error", "wrong_key": "authentication_error"},
}


@dataclass(frozen=True)
class Ran:
    client: Client
    seen: dict[str, Any]
    asked: list[Received]
    """What reached the provider meanwhile."""


def runs() -> list[Any]:
    native = [pytest.param((client, NATIVE), id=f"{client}-native") for client in CLIENTS]
    converted = [
        pytest.param((client, CONVERTED), id=f"{client}-converted") for client in CLIENTS if client.api != "chat"
    ]
    return native + converted


@pytest.fixture(scope="module", params=runs())
def ran(
    request: pytest.FixtureRequest,
    environments: Environments,
    serving: Callable[[tuple[Api, ...]], Served],
    tmp_path_factory: pytest.TempPathFactory,
) -> Ran:
    """One run of a client's script, which does everything that the tests below ask about."""
    client, apis = request.param
    served = serving(apis)
    before = len(served.upstream.requests)
    running = made_ready(client, served.endpoint, environments, tmp_path_factory.mktemp(client.name))
    seen = running.script()
    return Ran(client, seen, served.upstream.requests[before:])


def test_a_client_runs_in_the_version_that_is_locked(ran: Ran) -> None:
    assert ran.seen["version"] in ran.client.home.locked(ran.client.package)


def test_a_client_gets_an_answer_piece_by_piece_and_its_usage_once(ran: Ran) -> None:
    assert ran.seen["streamed"] == ran.client.streamed


def test_a_client_gets_a_whole_answer_unless_it_always_streams(ran: Ran) -> None:
    if ran.client.whole:
        assert ran.seen["whole"] == {"text": ANSWER}
        assert not all(asked.json().get("stream") for asked in ran.asked)
    else:
        assert all(asked.json()["stream"] for asked in ran.asked)


def test_a_client_calls_a_local_tool_and_sends_its_result_back(ran: Ran) -> None:
    used = {name: ran.seen[name] for name in ran.client.tools}
    for each in used.values():
        if "cities" in each:
            each["cities"].sort()
    assert used == dict.fromkeys(ran.client.tools, ran.client.used_tool)


def test_a_client_says_what_the_provider_said_when_it_refuses(ran: Ran) -> None:
    failure = ran.seen["refused"]
    assert failure["error"] == ran.client.refused
    assert re.search(r"Rate limit reached\.|The request is not valid\.", failure["message"])
    if "status" in ran.client.tells:
        assert failure["status"] == 429
    if "code" in ran.client.tells:
        assert failure["code"] == CODES[ran.client.api]["refused"]


def test_a_client_says_that_its_key_is_wrong(ran: Ran) -> None:
    failure = ran.seen["wrong_key"]
    assert failure["error"] == ran.client.wrong_key
    assert "API key" in failure["message"]
    if "status" in ran.client.tells:
        assert failure["status"] == 401
    if "code" in ran.client.tells:
        assert failure["code"] == CODES[ran.client.api]["wrong_key"]
