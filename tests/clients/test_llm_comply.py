"""An independent checker of the OpenAI API finds nothing to say: every answer fits the published schema."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Endpoint
from tests.support.environments import Environments
from tests.support.upstream import Upstream

LOCK = Path(__file__).parent / "requirements" / "llm-comply.txt"

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


def complaints(environments: Environments, *options: str) -> dict[str, Any]:
    """What the checker has against the answers it gets, warnings included, by the name of its check."""
    checker = environments.python(LOCK).parent / "llm-comply"
    done = subprocess.run([str(checker), "--json", *options], capture_output=True, text=True, timeout=120, check=False)
    results = json.loads(done.stdout)["results"]
    assert len(results) == 9, done.stdout
    return {each["id"]: each for each in results if each["status"] != "passed" or each.get("warnings")}


def test_llm_comply_passes_every_chat_check(environments: Environments, endpoint: Endpoint) -> None:
    target = ["--base-url", endpoint.base_url, "--api-key", endpoint.key, "--model", endpoint.reasoning_model]
    assert complaints(environments, "--format", "openai-chat", *target) == {}


def test_llm_comply_takes_the_scripted_provider_for_anthropic(environments: Environments, upstream: Upstream) -> None:
    target = ["--base-url", upstream.base_url, "--api-key", str(upstream.key), "--model", "claude-sonnet-4"]
    assert complaints(environments, "--format", "anthropic", *target) == {}
