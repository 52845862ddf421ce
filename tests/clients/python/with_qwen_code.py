"""The agent on qwen-code, which always streams, by the API of the example; its tool is `run_shell_command`."""

import json
import os
from typing import Any

from the_agent import QUESTION, report
from the_terminal import TOOL_QUESTION, WRONG_KEY, Printed, example_exports, failed, run, used_tool

MODEL, REFUSED = os.environ["CLIENT_MODEL"], os.environ["CLIENT_REFUSED_MODEL"]
AUTH = {"chat": "openai", "responses": "openai-responses", "messages": "anthropic"}[os.environ["CLIENT_EXAMPLE"]]


def qwen(question: str, model: str = MODEL, **key: str) -> Printed:
    told = ["--output-format", "stream-json", "--include-partial-messages"]
    # Nobody is there to approve of the tool.
    command = ["qwen", "--yolo", *told, "--auth-type", AUTH, "--model", model, question]
    return run(*example_exports(), *command, QWEN_CODE_SUPPRESS_YOLO_WARNING="1", **key)


def result(printed: Printed) -> dict[str, Any]:
    last: dict[str, Any] = json.loads(printed.out.splitlines()[-1])
    return last


def streamed() -> dict[str, Any]:
    printed = qwen(QUESTION)
    events = [event["event"] for event in map(json.loads, printed.out.splitlines()) if event["type"] == "stream_event"]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    pieces = [delta["text"] for delta in deltas if delta["type"] == "text_delta"]
    usages = int(result(printed)["usage"]["output_tokens"] > 0)
    return {"text": "".join(pieces), "pieces": len(pieces), "usages": usages}


def failure(model: str, **key: str) -> dict[str, Any]:
    printed = qwen(QUESTION, model, **key)
    return failed(printed, result(printed)["error"]["message"])


report(
    version=run("qwen", "--version").out.strip(),
    streamed=streamed(),
    tool=used_tool(result(qwen(TOOL_QUESTION))["result"]),
    refused=failure(REFUSED),
    wrong_key=failure(MODEL, key=WRONG_KEY),
)
