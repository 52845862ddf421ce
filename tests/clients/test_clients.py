"""Every client library an agent may be built on sees a streamed answer, a whole one, tool calls and typed errors."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Endpoint
from tests.support.environments import Environments
from tests.support.upstream import Answer, Received, Upstream, calls, obliging, tool
from tests.support.upstream.asked import asked_of

HERE = Path(__file__).parent
LOCKS = HERE / "requirements"

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Client:
    """How to run one client's script, and the names under which its library raises."""

    command: Callable[[Environments], list[str]]
    lock: Path
    rate_limit: str
    wrong_key: str
    tells_code: bool = True


def on_python(
    lock: str, script: str, rate_limit: str = "RateLimitError", wrong_key: str = "AuthenticationError", **traits: bool
) -> Client:
    def command(environments: Environments) -> list[str]:
        return [str(environments.python(LOCKS / f"{lock}.txt")), str(HERE / "python" / script)]

    return Client(command, LOCKS / f"{lock}.txt", rate_limit, wrong_key, **traits)


def on_node(project: str, script: str, rate_limit: str, wrong_key: str) -> Client:
    def command(environments: Environments) -> list[str]:
        shared = [HERE / "node" / "the-agent.mjs"]
        installed = environments.node(HERE / "node" / project, runtime=LOCKS / "node.txt", shared=shared)
        return [str(installed.node), str(installed.folder / script)]

    return Client(command, HERE / "node" / project / "package-lock.json", rate_limit, wrong_key)


CLIENTS = {
    "openai-python": on_python("openai", "with_openai.py"),
    # litellm keeps the provider's message in its exceptions, and drops the code.
    "litellm": on_python("litellm", "with_litellm.py", tells_code=False),
    "langchain-openai": on_python(
        "langchain-openai", "with_langchain.py", "OpenAIRateLimitError", "OpenAIAuthenticationError"
    ),
    "pydantic-ai": on_python("pydantic-ai", "with_pydantic_ai.py", "ModelRateLimitError", "ModelAuthenticationError"),
    "openai-agents": on_python("openai-agents", "with_openai_agents.py"),
    "openai-node": on_node("openai-node", "with-openai.mjs", "RateLimitError", "AuthenticationError"),
    "ai-sdk-openai": on_node("ai-sdk", "with-openai.mjs", "AI_APICallError", "AI_APICallError"),
    "ai-sdk-compatible": on_node("ai-sdk", "with-openai-compatible.mjs", "AI_APICallError", "AI_APICallError"),
}


def two_cities(request: Received) -> Answer:
    """Asks for the weather of two cities in parallel, then tells what it was told."""
    asked = asked_of(request)
    if asked.tool_to_call and not asked.results:
        return calls(tool("get_weather", city="Paris"), tool("get_weather", city="Rome"))(request)
    return obliging(request)


@dataclass(frozen=True)
class Ran:
    client: Client
    seen: dict[str, Any]


@pytest.fixture(scope="module", params=CLIENTS)
def ran(request: pytest.FixtureRequest, environments: Environments, upstream: Upstream, endpoint: Endpoint) -> Ran:
    """One run of a client's script, which does everything that the tests below ask about."""
    client = CLIENTS[request.param]
    command = client.command(environments)
    upstream.always(two_cities)
    settings = {
        "OPENAI_BASE_URL": endpoint.base_url,
        "OPENAI_API_KEY": endpoint.key,
        "CLIENT_MODEL": endpoint.model,
        "CLIENT_LIMITED_MODEL": endpoint.limited_model,
        # litellm otherwise looks for a newer price table on the network.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    surroundings = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        command, env={**surroundings, **settings}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return Ran(client, json.loads(done.stdout.splitlines()[-1]))


def test_a_client_runs_in_the_version_that_is_locked(ran: Ran) -> None:
    assert ran.seen["version"] in ran.client.lock.read_text()


def test_a_client_gets_an_answer_piece_by_piece_and_its_usage_once(ran: Ran) -> None:
    words = ["You said: ", "How ", "are ", "you ", "today?"]
    assert ran.seen["streamed"] == {"text": "".join(words), "pieces": len(words), "usages": 1}


def test_a_client_gets_a_whole_answer(ran: Ran) -> None:
    assert ran.seen["whole"] == {"text": "You said: How are you today?"}


@pytest.mark.parametrize("capability", ["tool", "tool_streamed"])
def test_a_client_calls_a_local_function_twice_in_parallel_and_sends_the_results_back(
    ran: Ran, capability: str
) -> None:
    used = ran.seen[capability]
    assert sorted(used["cities"]) == ["Paris", "Rome"]
    assert used["text"] == "get_weather said: 18 degrees in Paris, and get_weather said: 18 degrees in Rome"


def test_a_client_raises_its_own_error_for_a_rate_limit_with_what_the_provider_said(ran: Ran) -> None:
    failure = ran.seen["rate_limit"]
    assert (failure["error"], failure["status"]) == (ran.client.rate_limit, 429)
    assert "Rate limit reached." in failure["message"]
    if ran.client.tells_code:
        assert failure["code"] == "rate_limit_exceeded"


def test_a_client_raises_its_own_error_for_a_wrong_key(ran: Ran) -> None:
    failure = ran.seen["wrong_key"]
    assert (failure["error"], failure["status"]) == (ran.client.wrong_key, 401)
    if ran.client.tells_code:
        assert failure["code"] == "invalid_api_key"
