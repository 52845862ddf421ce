"""Where the clients under test live, and what they are pointed at: change `endpoint` to point all of them elsewhere."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.matrix import Api
from tests.clients.model import model
from tests.clients.results import pytest_addoption, pytest_configure
from tests.clients.running import Endpoint
from tests.support.environments import Environments
from tests.support.proxy import UPSTREAM_KEY, served, settings
from tests.support.upstream import CHAT, MESSAGES, RESPONSES, Upstream, in_thread

__all__ = ["pytest_addoption", "pytest_configure"]

REPOSITORY = Path(__file__).parents[2]
APIS: tuple[Api, ...] = ("chat", "responses", "messages")


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


@contextmanager
def in_front_of(upstream: Upstream, folder: Path, *apis: Api) -> Iterator[Endpoint]:
    """`burnish serve` before a provider of `apis`, with both steps on, the way an agent's owner would run it."""
    written = settings(
        upstream,
        folder / "records",
        agent={
            "models": {"default": "small", "unknown": "passthrough"},
            "variants": {"base": {}, "same": {}},
            "middleware": [{"variant_routing": {"policy": {"weighted": {"base": 1, "same": 1}}}}, "tool_outcomes"],
        },
    )
    written["providers"]["local"]["apis"] = list(apis)
    with served(written, folder) as proxy:
        yield Endpoint(proxy.url, proxy.key, "small-instruct", "fail-429", "gpt-5-small")


@pytest.fixture(scope="module")
def endpoint(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Before a provider that speaks every API."""
    with in_front_of(upstream, tmp_path_factory.mktemp("proxy"), *APIS) as endpoint:
        yield endpoint


@dataclass(frozen=True)
class Served:
    """A Burnish for the matrix, and the provider behind it."""

    endpoint: Endpoint
    upstream: Upstream


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[tuple[Api, ...]], Served]]:
    """Serves in front of a provider that speaks some APIs, the same for all who ask for those."""
    with ExitStack() as stack:
        running: dict[tuple[Api, ...], Served] = {}

        def served_for(apis: tuple[Api, ...]) -> Served:
            if apis not in running:
                upstream = stack.enter_context(in_thread(Upstream(key=UPSTREAM_KEY)))
                for path in (CHAT, RESPONSES, MESSAGES):
                    upstream.always(model, to=path)
                endpoint = stack.enter_context(in_front_of(upstream, tmp_path_factory.mktemp("proxy"), *apis))
                running[apis] = Served(endpoint, upstream)
            return running[apis]

        yield served_for
