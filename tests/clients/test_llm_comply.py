"""An independent checker of the APIs finds nothing to say: every answer fits the published schema."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.running import Endpoint
from tests.support.environments import Environments
from tests.support.upstream import Upstream

LOCK = Path(__file__).parent / "requirements" / "llm-comply.txt"
CHECKS: Final = {"openai-chat": 9, "open-responses": 13, "anthropic": 9}
"""How many checks each format has."""
MODELS: Final = {"openai-chat": "gpt-5-small", "open-responses": "gpt-5-small", "anthropic": "claude-sonnet-4"}
"""A model whose name says that it reasons."""

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


def complaints(environments: Environments, kind: str, *options: str) -> dict[str, Any]:
    """What the checker has against the answers it gets, warnings included, by the name of its check."""
    checker = environments.python(LOCK).parent / "llm-comply"
    command = [str(checker), "--json", "--format", kind, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    results = json.loads(done.stdout)["results"]
    assert len(results) == CHECKS[kind], done.stdout
    return {each["id"]: each for each in results if each["status"] != "passed" or each.get("warnings")}


def test_llm_comply_passes_every_chat_check(environments: Environments, endpoint: Endpoint) -> None:
    target = ["--base-url", endpoint.base_url, "--api-key", endpoint.key, "--model", endpoint.reasoning_model]
    assert complaints(environments, "openai-chat", *target) == {}


@pytest.mark.parametrize("kind", CHECKS)
def test_llm_comply_takes_the_scripted_provider_for_the_real_one(
    environments: Environments, upstream: Upstream, kind: str
) -> None:
    target = ["--base-url", upstream.base_url, "--api-key", str(upstream.key), "--model", MODELS[kind]]
    assert complaints(environments, kind, *target) == {}
