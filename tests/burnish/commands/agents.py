"""A folder with a configuration of two agents, and the commands that change their variants."""

from pathlib import Path
from typing import Any

from stores.ledger import Ledger, open_ledger
from tests.burnish.commands.recorded import Recorded

AGENTS = """\
providers:
  local: {base_url: http://127.0.0.1:1}
models:
  fast: {provider: local, model: little}
  smart: {provider: local, model: big}
agents:
  support:
    tenant: acme
    models: {default: fast}
    variants:
      terse: {instructions: {append: [Answer in one sentence.]}, sampling: {temperature: 0}}
    middleware:
      - variant_routing
      - tool_outcomes
  sales: {models: {default: smart}}
"""


def with_agents(folder: Path) -> Recorded:
    recorded = Recorded(folder)
    recorded.width = 120
    with recorded.config.open("a") as file:
        file.write(AGENTS)
    return recorded


def ledger_of(recorded: Recorded) -> Ledger:
    return open_ledger(f"sqlite:///{recorded.database}")


def states(recorded: Recorded, agent: str = "support") -> dict[str, str]:
    return {found["name"]: found["state"] for found in recorded.lines("variants", agent)}


def add(recorded: Recorded, name: str, *options: str) -> Any:
    return recorded.json("variants", "add", "support", name, *options)


def shown(recorded: Recorded, *arguments: str) -> str:
    result = recorded.run("variants", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout
