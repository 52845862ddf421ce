"""The agent on aider, which edits files by what the model writes, runs a command, and tells the model its output."""

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from the_agent import QUESTION, report
from the_terminal import WEATHER, WRITTEN, WRONG_KEY, Printed, example_exports, failed, run, used_tool

MODEL, REFUSED = os.environ["CLIENT_MODEL"], os.environ["CLIENT_REFUSED_MODEL"]
# A list that it finds it does not fetch.
PRICES = Path.home() / ".aider/caches/model_prices_and_context_window.json"


def aider(question: str, *options: str, model: str = MODEL, **key: str) -> Printed:
    plain = ["--no-git", "--no-pretty", "--yes-always", "--no-show-model-warnings"]
    command = ["aider", *plain, *options, "--model", f"openai/{model}", "--message", question]
    return run(*example_exports(), *command, **key)


def text(printed: Printed) -> str:
    """The last line of the last answer, after which it counts the tokens."""
    answer, counted, _ = printed.out.rpartition("Tokens: ")
    assert counted, printed
    return answer.strip().split("\n")[-1]


def tool() -> dict[str, Any]:
    """The command fails, so that its output is for the model to see."""
    looks = f"cat {WRITTEN}; false"
    printed = aider(f"Write {WRITTEN} saying {WEATHER}.", "--auto-test", "--test-cmd", looks)
    return used_tool(text(printed))


def failure(model: str, **key: str) -> dict[str, Any]:
    printed = aider(QUESTION, model=model, **key)
    return failed(printed, " ".join(printed.out.split()))


PRICES.parent.mkdir(parents=True, exist_ok=True)
PRICES.write_text(json.dumps({f"openai/{model}": {"litellm_provider": "openai"} for model in (MODEL, REFUSED)}))
report(
    version=version("aider-chat"),
    streamed={"text": text(aider(QUESTION, "--stream"))},
    whole={"text": text(aider(QUESTION, "--no-stream"))},
    tool=tool(),
    refused=failure(REFUSED),
    wrong_key=failure(MODEL, key=WRONG_KEY),
)
