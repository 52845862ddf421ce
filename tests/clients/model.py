"""What the model says to the clients of the matrix: it answers, and it calls each client's own tools when asked to.

Its questions are those of `python/the_agent.py` and `node/the-agent.mjs`.
"""

import json
import re
from typing import Final

from tests.support.upstream import Answer, Received, calls, obliging, says, tool
from tests.support.upstream.asked import Asked, asked_of
from tests.support.upstream.completion import Completion
from tests.support.upstream.plausible import plausible
from tests.support.upstream.spoken import ToolCall
from tests.support.upstream.turns import OfferedTool

QUESTION: Final = "How are you today?"
WORDS: Final = ("You said: ", "How ", "are ", "you ", "today?")
ANSWER: Final = "".join(WORDS)
CITIES: Final = ("Paris", "Rome")
WEATHER: Final = re.compile(r"\d+ degrees in \w+")
SHELLS: Final = {"exec_command": "cmd", "bash": "command", "run_shell_command": "command"}
"""The tools by which coding agents run commands, and what each calls the command."""
TOLD_ABOUT_BOTH: Final = " and ".join(f"18 degrees in {city}" for city in CITIES)

_RUN = re.compile(r"Run `(.+)`")
_FILE = re.compile(r"Write (\S+) saying (.+)\.")


def model(request: Received) -> Answer:
    asked = asked_of(request)
    if asked.model.startswith("fail-"):
        return obliging(request)
    return _completion(asked)(request)


def _completion(asked: Asked) -> Completion:
    offered = {offer.name for offer in asked.tools}
    if _must_call(asked) and "get_weather" not in offered:
        return calls(_filled_in(asked))
    if QUESTION in asked.question and not asked.results:
        return says(*WORDS)
    if weather := _weather_told(asked):
        return calls(tool("final_answer", answer=weather)) if "final_answer" in offered else says(weather)
    if "get_weather" in offered:
        return calls(*(tool("get_weather", city=city) for city in CITIES))
    if (wanted := _RUN.search(asked.question)) and (shell := _shell(asked)):
        return calls(_running(wanted[1], shell))
    if wanted := _FILE.search(asked.question):
        return says(wanted[1], "\n```\n", wanted[2], "\n```\n")
    return says("I have nothing to say.")


def _must_call(asked: Asked) -> bool:
    choice = asked.document.get("tool_choice")
    return (choice.get("type") not in ("auto", "none")) if isinstance(choice, dict) else choice == "required"


def _filled_in(asked: Asked) -> ToolCall:
    """A call that fits the schema, at the second try where a number is wanted: clients have to send the first back."""
    wanted = asked.tool_to_call
    assert wanted is not None
    filled = plausible(wanted.schema)
    for name, value in filled.items():
        if name in ("text", "content"):
            filled[name] = ANSWER
        elif isinstance(value, int) and not asked.results:
            filled[name] = "mild"
    return ToolCall(wanted.name, json.dumps(filled))


def _shell(asked: Asked) -> OfferedTool | None:
    return next((offer for offer in asked.tools if offer.name in SHELLS), None)


def _running(command: str, shell: OfferedTool) -> ToolCall:
    arguments = {**plausible(shell.schema), SHELLS[shell.name]: command}
    if "is_background" in arguments:
        arguments["is_background"] = False
    return ToolCall(shell.name, json.dumps(arguments))


def _weather_told(asked: Asked) -> str:
    """What tools have told, as their results or, to a model that is told everything by the user, in a question."""
    told = " ".join(result.text for result in asked.results)
    if not told and not _RUN.search(asked.question) and not _FILE.search(asked.question):
        told = asked.question
    return " and ".join(sorted(set(WEATHER.findall(told))))
