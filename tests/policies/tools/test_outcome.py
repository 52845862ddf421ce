"""What became of a tool call is read off its result as agents really send it back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.tools.outcome import ToolOutcome, classify

TIMEOUTS = [
    "Error: request timed out after 30 s",
    "TimeoutError: [Errno 110] Connection timed out",
    "httpx.ReadTimeout: The read operation timed out",
    "HTTP 504 Gateway Timeout",
    {"error": {"code": "DEADLINE_EXCEEDED", "message": "context deadline exceeded"}},
    {"status": "timeout"},
]
CALLER_ERRORS = [
    "1 validation error for get_weather\ndate\n  Field required [type=missing]",
    "Error: 400 Bad Request",
    "404 Not Found",
    "ValueError: time data '12/31/1999' does not match format '%Y-%m-%d'",
    "TypeError: lookup() got an unexpected keyword argument 'town'",
    "An error occurred while running the tool. Please try again. Error: Invalid JSON input for tool lookup",
    "Error: ValueError('date must be an ISO date')\n Please fix your mistakes.",
    "Failed to open: no such file or directory",
    "MCP error -32602: Invalid params: city must be a string",
    {"error": "city not found"},
    {"errors": [{"path": "date", "message": "must be after 2000-01-01"}]},
    {"status": 422, "detail": "Unprocessable Entity"},
    {"success": False, "message": "missing required field: date"},
    {"isError": True, "content": [{"type": "text", "text": "Unknown tool: lookup"}]},
    {"type": "error", "error": {"type": "invalid_request_error", "message": "date: should be a string"}},
]
TOOL_ERRORS = [
    "Error: something went wrong",
    'Traceback (most recent call last):\n  File "x.py", line 1\nZeroDivisionError: division by zero',
    "HTTP 500: internal server error",
    "503 Service Unavailable",
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='x'): Max retries exceeded",
    "An error occurred while running the tool. Please try again. Error: database is locked",
    "Command failed with exit code 1",
    "Error: connect ECONNREFUSED 127.0.0.1:80",
    "401 Unauthorized",
    "Rate limit exceeded, try again in 20 s",
    {"error": {"message": "The server had an error", "code": 500}},
    {"error": "Permission denied"},
    {"status": "error", "message": "backend failed"},
    {"statusCode": 502, "message": "Bad Gateway"},
    {"isError": True, "content": []},
    {"ok": False},
]
EMPTY = [
    "",
    "  \n",
    "null",
    "None",
    "[]",
    "{}",
    '""',
    "No results found.",
    "There are no matching records for 'x'",
    {"results": []},
    {"items": [], "total": 0},
    {"data": None},
    {"content": [{"type": "text", "text": ""}], "isError": False},
    [{"type": "text", "text": "[]"}],
]
FINE = [
    "sunny, 21 degrees",
    "The error rate fell to 3 %",
    "Error rate: 3 %",
    "500 apples and 404 pears",
    "No. 5 is the best; its results are in",
    "0",
    "false",
    "Terror: a film of 1999 (3 stars)",
    {"error": None, "temperature": 21},
    {"status": "ok", "errors": []},
    {"status": 404},
    {"code": 500, "country": "XY"},
    {"results": [1]},
    {"data": 0},
    {"isError": False, "content": [{"type": "text", "text": "How to handle a TimeoutError: catch it"}]},
    [1, 2],
    [{"name": "Error", "id": 7}],
    "Here is what the log says: Error: timed out",
]
CASES: list[tuple[ToolOutcome, Any]] = [
    *(("timeout", said) for said in TIMEOUTS),
    *(("caller_error", said) for said in CALLER_ERRORS),
    *(("tool_error", said) for said in TOOL_ERRORS),
    *(("empty", said) for said in EMPTY),
    *(("ok", said) for said in FINE),
]


@pytest.mark.parametrize(("outcome", "said"), CASES, ids=[f"{outcome} {said!s:.40}" for outcome, said in CASES])
def test_a_result_is_told_by_what_it_says(outcome: ToolOutcome, said: Any) -> None:
    assert classify("f", said if isinstance(said, str) else json.dumps(said)) == outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("it broke", "tool_error"), ("", "tool_error"), ("date must be ISO", "caller_error"), ('{"a": 1}', "tool_error")],
)
def test_what_the_agent_marks_as_an_error_is_one_whatever_it_says(said: str, outcome: ToolOutcome) -> None:
    assert classify("f", said, failed=True) == outcome


def test_whoever_knows_the_tool_better_is_asked_first() -> None:
    def judge(tool: str, result: str) -> ToolOutcome | None:
        return "empty" if (tool, result) == ("search", "Nothing today") else None

    assert classify("search", "Nothing today", judge=judge) == "empty"
    assert classify("search", "Error: no", judge=judge) == "tool_error"


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_every_text_is_of_some_class(result: str) -> None:
    assert classify("f", result) in ("ok", "empty", "caller_error", "tool_error", "timeout")


@pytest.mark.parametrize("piece", ["a", "Error ", "no ", "{", "[", '{"error":', "missing ", "timeout", "invalid.", '"'])
def test_a_result_of_megabytes_is_told_too(piece: str) -> None:
    # Were time to grow with the square of the length, this would never end.
    assert classify("f", piece * 500_000) in ("ok", "caller_error", "tool_error", "timeout")
