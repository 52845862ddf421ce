"""The agent on codex, which always streams; its tool is `exec_command`."""

import json
import os
from typing import Any

from the_agent import QUESTION, report
from the_terminal import TOOL_QUESTION, WRONG_KEY, Printed, failed, run, used_tool

MODEL, REFUSED = os.environ["CLIENT_MODEL"], os.environ["CLIENT_REFUSED_MODEL"]
SETTINGS = {
    # The network is not for statistics and the like.
    "analytics.enabled": "false",
    "check_for_update_on_startup": "false",
    "model_providers.burnish.request_max_retries": "0",
    "model_providers.burnish.stream_max_retries": "0",
}


def codex(question: str, model: str = MODEL, **key: str) -> Printed:
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    alone = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    return run("codex", "exec", "--json", *alone, *settings, "--model", model, question, CODEX_HOME=os.getcwd(), **key)


def text(printed: Printed) -> str:
    events = map(json.loads, printed.out.splitlines())
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    return "".join(item["text"] for item in items if item["type"] == "agent_message")


def failure(model: str, **key: str) -> dict[str, Any]:
    printed = codex(QUESTION, model, **key)
    last = json.loads(printed.out.splitlines()[-1])
    return failed(printed, last["error"]["message"])


report(
    version=run("codex", "--version").out.split()[-1],
    streamed={"text": text(codex(QUESTION))},
    tool=used_tool(text(codex(TOOL_QUESTION))),
    refused=failure(REFUSED),
    wrong_key=failure(MODEL, key=WRONG_KEY),
)
