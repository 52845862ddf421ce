"""The agent on opencode, which always streams, by the API of the example; its tool is `bash`."""

import json
import os
from pathlib import Path
from typing import Any

from the_agent import QUESTION, report
from the_terminal import TOOL_QUESTION, WRONG_KEY, Printed, failed, run, used_tool

MODEL, REFUSED = os.environ["CLIENT_MODEL"], os.environ["CLIENT_REFUSED_MODEL"]
# It takes no model that its configuration does not list.
CONFIG = json.loads(Path(f"{os.environ['CLIENT_EXAMPLE']}.json").read_text())
CONFIG["provider"]["burnish"]["models"] = {MODEL: {}, REFUSED: {}}


def opencode(question: str, model: str = MODEL, **key: str) -> Printed:
    command = ["opencode", "run", "--format", "json", "--title", "weather", "--model", f"burnish/{model}"]
    return run(*command, question, OPENCODE_CONFIG_CONTENT=json.dumps(CONFIG), **key)


def text(printed: Printed) -> str:
    events = map(json.loads, printed.out.splitlines())
    return "".join(event["part"]["text"] for event in events if event["type"] == "text")


def failure(model: str, **key: str) -> dict[str, Any]:
    printed = opencode(QUESTION, model, **key)
    last = json.loads(printed.out.splitlines()[-1])
    return failed(printed, last["error"]["data"]["message"])


report(
    version=run("opencode", "--version").out.strip(),
    streamed={"text": text(opencode(QUESTION))},
    tool=used_tool(text(opencode(TOOL_QUESTION))),
    refused=failure(REFUSED),
    wrong_key=failure(MODEL, key=WRONG_KEY),
)
