"""An independent checker of the OpenAI API finds nothing to say: every answer fits the published schema."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Endpoint
from tests.support.environments import Environments

LOCK = Path(__file__).parent / "requirements" / "llm-comply.txt"

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


def test_llm_comply_passes_every_chat_check_without_a_warning(environments: Environments, endpoint: Endpoint) -> None:
    checker = environments.python(LOCK).parent / "llm-comply"
    target = ["--base-url", endpoint.base_url, "--api-key", endpoint.key, "--model", endpoint.reasoning_model]
    command = [str(checker), "--format", "openai-chat", "--json", *target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    results = json.loads(done.stdout)["results"]
    complaints = {
        result["id"]: (result["status"], result.get("errors"), result.get("warnings"))
        for result in results
        if result["status"] != "passed" or result.get("warnings")
    }
    assert complaints == {}
    assert len(results) == 9
    assert done.returncode == 0
