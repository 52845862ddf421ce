"""Presidio itself, as the extra installs it: its pattern recognisers find what they are for, and ask nobody."""

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.environments import Environments

LOCK: Final = Path(__file__).parent / "requirements" / "presidio.txt"
REPOSITORY: Final = Path(__file__).parents[2]
TEXT: Final = "Mail jane.doe@example.com or call 212-555-0142; card 4111 1111 1111 1111; a.b@c.d is no address."
SCRIPT: Final = """
import json, sys

asked = []
sys.addaudithook(lambda event, given: asked.append(event) if event.startswith("socket.") else None)

from middleware.guardrails.presidio import recogniser
from middleware.guardrails.settings import PresidioSettings

settings = PresidioSettings()
found = recogniser(settings.entities, settings.score)(sys.argv[1])
try:
    recogniser(["PERSON"], 0.4)
except ValueError as error:
    why = str(error)
print(json.dumps([sorted(found), [event for event in asked if "connect" in event or "getaddrinfo" in event], why]))
"""

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


def test_it_finds_what_has_a_pattern_and_asks_nobody(environments: Environments) -> None:
    python = environments.python(LOCK)
    done = subprocess.run(
        [str(python), "-c", SCRIPT, TEXT], capture_output=True, text=True, timeout=120, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
    found, asked, why = json.loads(done.stdout.splitlines()[-1])
    assert [(kind, TEXT[start:end]) for kind, start, end in found] == [
        ("CREDIT_CARD", "4111 1111 1111 1111"),
        ("EMAIL_ADDRESS", "jane.doe@example.com"),
        ("PHONE_NUMBER", "212-555-0142"),
    ]
    assert asked == []
    assert why.startswith("presidio: no pattern finds 'PERSON'; there are ")
