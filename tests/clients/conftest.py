"""Where the clients under test live, and what they are pointed at: change `endpoint` to point all of them elsewhere."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.environments import Environments
from tests.support.proxy import UPSTREAM_KEY, served, settings
from tests.support.upstream import Upstream, in_thread

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Endpoint:
    """What an agent's owner would put into its environment."""

    base_url: str
    key: str
    model: str
    limited_model: str
    """A model whose provider answers 429."""
    reasoning_model: str
    """A model whose name says that it reasons."""


@pytest.fixture(scope="session")
def environments(request: pytest.FixtureRequest) -> Environments:
    """Environments under `.envs/`, or where BURNISH_ENVS says."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def announce(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(line, flush=True)

    return Environments(Path(os.environ.get("BURNISH_ENVS", REPOSITORY / ".envs")), announce)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with in_thread(Upstream(key=UPSTREAM_KEY)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def endpoint(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """`burnish serve` before the scripted provider, with both steps on, the way an agent's owner would run it."""
    folder = tmp_path_factory.mktemp("proxy")
    written = settings(
        upstream,
        folder / "records",
        agent={
            "models": {"default": "small", "unknown": "passthrough"},
            "variants": {"base": {}, "same": {}},
            "middleware": [{"variant_routing": {"policy": {"weighted": {"base": 1, "same": 1}}}}, "tool_outcomes"],
        },
    )
    with served(written, folder) as proxy:
        yield Endpoint(f"{proxy.url}/v1", proxy.key, "small-instruct", "fail-429", "gpt-5-small")
