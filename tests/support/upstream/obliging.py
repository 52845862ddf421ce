"""What the upstream says when a test scripted nothing: enough of a model for any SDK, and always the same.

It calls the first tool it is offered, tells the result of a tool it called, fills in a schema it is given, and else
repeats the question. A model named `fail-429` fails with that status.
"""

import json
import re
from typing import Any

from tests.support.upstream.answer import Answer
from tests.support.upstream.asked import Asked, asked_of
from tests.support.upstream.completion import Completion, calls, says, tool_input
from tests.support.upstream.failures import error, lacks
from tests.support.upstream.paths import api_of
from tests.support.upstream.plausible import plausible
from tests.support.upstream.received import Received
from tests.support.upstream.spoken import ToolCall


def obliging(request: Received) -> Answer:
    asked = asked_of(request)
    for name in _required(request.path, asked):
        if not asked.document.get(name):
            return lacks(name)(request)
    if failing := re.fullmatch(r"fail-(\d{3})", asked.model):
        status = int(failing[1])
        return error(status, retry_after=1 if status == 429 else None)(request)
    return _completion(asked)(request)


def _required(path: str, asked: Asked) -> tuple[str, ...]:
    match api_of(path):
        case "messages":
            return ("model", "max_tokens", "messages")
        case "responses":
            goes_on = any(asked.document.get(name) for name in ("previous_response_id", "conversation", "prompt"))
            return ("model",) if goes_on else ("model", "input")
        case "completions":
            return ("model", "prompt")
        case _:
            return ("model", "messages")


def _completion(asked: Asked) -> Completion:
    if asked.results:
        first, *others = [(f"{result.name} said: ", result.text) for result in asked.results]
        return says(*first, *(piece for other in others for piece in (", and ", *other)))
    if tool := asked.tool_to_call:
        if tool.custom:
            return calls(tool_input(tool.name, asked.question))
        return calls(ToolCall(tool.name, json.dumps(plausible(tool.schema))))
    if (schema := _schema(asked.document)) is not None:
        return says(json.dumps(plausible(schema)))
    return says("You said: ", *re.findall(r"\S+\s*", asked.question))


def _schema(document: dict[str, Any]) -> dict[str, Any] | None:
    text = document.get("text")
    match text.get("format") if isinstance(text, dict) else document.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_schema", "schema": dict(schema)}:
            return schema
        case {"type": "json_object"}:
            return {"properties": {"answer": {"type": "string"}}}
        case _:
            return None
