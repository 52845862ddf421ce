"""An independent checker of the APIs finds nothing to say: every answer fits the published schema."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.conftest import APIS, in_front_of
from tests.clients.running import Endpoint
from tests.support.environments import Environments
from tests.support.proxy import UPSTREAM_KEY
from tests.support.upstream import Upstream, in_thread

LOCK = Path(__file__).parent / "requirements" / "llm-comply.txt"
CHECKS: Final = {"openai-chat": 9, "open-responses": 13, "anthropic": 9}
"""How many checks each format has."""
MODELS: Final = {"openai-chat": "gpt-5-small", "open-responses": "gpt-5-small", "anthropic": "claude-sonnet-4"}
"""A model whose name says that it reasons."""

BEYOND_CHAT: Final[dict[str, set[str]]] = {
    "openai-chat": set(),
    "open-responses": {"compact-response"},
    "anthropic": {"anth-thinking-display"},
}
"""Checks that pass with a warning where the provider speaks chat alone: it cannot compact, and showed no thoughts."""

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


def complaints(environments: Environments, kind: str, *options: str) -> dict[str, Any]:
    """What the checker has against the answers it gets, warnings included, by the name of its check."""
    checker = environments.python(LOCK).parent / "llm-comply"
    command = [str(checker), "--json", "--format", kind, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    results = json.loads(done.stdout)["results"]
    assert len(results) == CHECKS[kind], done.stdout
    return {each["id"]: each for each in results if each["status"] != "passed" or each.get("warnings")}


@dataclass(frozen=True)
class Behind:
    """A Burnish, and whether its provider speaks every API itself."""

    endpoint: Endpoint
    native: bool


@pytest.fixture(scope="module", params=[APIS, ("chat",)], ids=["native", "chat only"])
def burnish(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """Before a provider that speaks every API, and before one that speaks chat completions alone."""
    with (
        in_thread(Upstream(key=UPSTREAM_KEY, apis=request.param)) as upstream,
        in_front_of(upstream, tmp_path_factory.mktemp("proxy"), *request.param) as endpoint,
    ):
        yield Behind(endpoint, native=request.param == APIS)


@pytest.mark.parametrize("kind", CHECKS)
def test_llm_comply_passes_every_check_through_burnish(environments: Environments, burnish: Behind, kind: str) -> None:
    endpoint = burnish.endpoint
    target = ["--base-url", endpoint.base_url, "--api-key", endpoint.key, "--model", MODELS[kind]]
    found = complaints(environments, kind, *target)
    assert all(each["status"] == "passed" for each in found.values()), found
    assert found.keys() == (set() if burnish.native else BEYOND_CHAT[kind])


@pytest.mark.parametrize("kind", CHECKS)
def test_llm_comply_takes_the_scripted_provider_for_the_real_one(
    environments: Environments, upstream: Upstream, kind: str
) -> None:
    target = ["--base-url", upstream.base_url, "--api-key", str(upstream.key), "--model", MODELS[kind]]
    assert complaints(environments, kind, *target) == {}
