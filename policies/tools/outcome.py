"""What became of a tool call, told from the result that the agent sent back.

Rules come first, in this order: nothing in it is `empty`; what reads as an error is a `timeout`, a `caller_error` (the
model asked for what cannot be: wrong arguments, things that are not there) or else a `tool_error`; the rest is `ok`.
They know the shapes of JSON errors, HTTP statuses, MCP's `isError`, Python's and JavaScript's exceptions, validators'
messages, and what agent frameworks put before them. Whoever knows a tool better is asked before them: a `Judge`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

ToolOutcome: TypeAlias = Literal["ok", "empty", "caller_error", "tool_error", "timeout"]
Judge: TypeAlias = Callable[[str, str], ToolOutcome | None]
"""Given the tool's name and its result; None where the rules are to say."""

_LONGEST: Final = 16_384
"""Characters of a JSON result that are parsed, in a quarter of a millisecond: longer ones are no errors."""
_HEAD: Final = 2_000
"""Characters of a text in which an error says that it is one."""
_DEEPEST: Final = 3

_NOTHING: Final = frozenset({"", "null", "none", "undefined", "nil", "n/a", '""', "''", "[]", "{}", "()"})


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE | re.DOTALL)


# No phrase repeats without a bound: the time a match may take is linear in the text.
_NOTHING_FOUND: Final = _any(
    r"(?:there (?:are|were) )?(?:no|0|zero) (?:\w{1,30} ){0,2}"
    r"(?:results?|matches|match|hits|records|rows|items|entries|data|documents|files)"
    r"(?: (?:was|were))?(?: (?:found|available|returned))?(?: for .{0,200})?[.!]?",
)
_REASON: Final = (
    r"(?:bad request|unauthorized|forbidden|not found|method not allowed|request timeout|conflict|gone"
    r"|payload too large|unprocessable|too many requests|internal server error|bad gateway|service unavailable"
    r"|gateway time-?out|(?:client|server) error)"
)
_ERROR: Final = _any(
    # As people and frameworks put it.
    r"(?:an? )?(?:(?:unexpected|unhandled|internal|fatal|tool|mcp|http) ){0,3}(?:error|exception|failure)\b"
    r"(?! (?:rate|log|bar))",
    r"(?:failed|unable|could not|couldn't|cannot|can't) (?:to )?\w",
    r"(?:request|call|tool|operation|command|validation) (?:failed|timed out|error)\b",
    r"(?:connection|access|permission) (?:refused|reset|denied|timed out)|timed? ?out\b",
    r"unauthorized\b|forbidden\b|rate limit",
    # As languages print it.
    r"traceback \(most recent call last\)|uncaught |fatal: |panic: |exit(?:ed with)?(?: status| code):? [1-9]",
    r"(?-i:[A-Za-z_.]{0,80}(?:Error|Exception|Timeout|NotFound|Denied|Refused)) ?[:(]",
    # As validators and HTTP do.
    r"\d{1,4} validation errors?\b|missing (?:\d{1,3} )?(?:a )?(?:required|mandatory) ",
    r"invalid (?:argument|parameter|input|request|value|json|date|format|type)",
    r"(?:http(?:/[\d.]{1,3})?|status(?: code)?:?) ?[45]\d\d\b|[45]\d\d[ :-]{1,3}" + _REASON,
)
_TIMEOUT: Final = _any(r"time[d ]?-?\s?out|deadline[ _]?exceeded|etimedout|took too long|\b(?:408|504)\b")
_SERVER: Final = _any(
    r"internal (?:server )?error|server error|service unavailable|bad gateway|connection|unreachable|network|\bdns\b",
    r"econn|enotfound|socket|\bssl\b|rate limit|too many requests|quota|unauthori[sz]ed|forbidden|credential",
    r"api[ _-]?key|permission denied|access denied|out of memory|\b(?:401|403|429|500|502|503)\b",
)
"""What no other arguments would have helped against."""

_CALLER: Final = _any(
    r"validation|invalid|malformed|is required|missing (?:\d{1,3} )?(?:a )?(?:required|mandatory|positional|key)",
    r"required (?:field|param|arg|prop)",
    r"(?:unexpected|unknown) (?:keyword|arg|param|prop|field|option|tool|function|column)",
    r"must (?:be|have|match|contain|not|start|end)\b|should be\b|expected (?:an? |type|format|one of)",
    r"not (?:a valid|valid|allowed|supported)\b|unsupported|out of range|does not match",
    r"(?:cannot|can't|could not) parse",
    r"type ?error|value ?error|bad request|unprocessable|unrecogni[sz]ed",
    r"not[ _]?found|no such|does(?:n't| not) exist|\b(?:400|404|405|406|409|410|413|415|422)\b",
)
_SAYS: Final = ("error", "errors", "exception", "fault", "errorMessage", "error_message")
_MORE: Final = (
    "message",
    "detail",
    "details",
    "reason",
    "title",
    "type",
    "code",
    "msg",
    "description",
    "error_description",
)
_HELD: Final = (
    "results",
    "items",
    "data",
    "matches",
    "hits",
    "records",
    "rows",
    "documents",
    "result",
    "output",
    "content",
)


def classify(tool: str, result: str, *, failed: bool = False, judge: Judge | None = None) -> ToolOutcome:
    """`failed`: the agent marked the result as an error, where its API has a word for that.

    The time it takes is linear in the result.
    """
    if judge is not None and (known := judge(tool, result)) is not None:
        return known
    text = result.strip() if len(result) <= _LONGEST else result[:_LONGEST].lstrip()
    if text[:1] in ("{", "[") and len(result) <= _LONGEST and (said := _parsed(text)) is not _NOT_JSON:
        return _of_document(said, failed)
    if text[:1] == '"' and isinstance(said := _parsed(text), str):
        text = said.strip()
    if failed:
        return _kind_of_error(text[:_HEAD])
    if text.lower() in _NOTHING or _NOTHING_FOUND.fullmatch(text[:300]):
        return "empty"
    return _kind_of_error(text[:_HEAD]) if _ERROR.match(text) else "ok"


def _of_document(said: Any, failed: bool, depth: int = 0) -> ToolOutcome:
    if isinstance(said, Mapping):
        if (error := _error_in(said)) is not None or failed:
            return _kind_of_error(_words(error if error else said)[:_HEAD])
        held = [said[name] for name in _HELD if name in said]
        if not said or (held and not any(each or each is False or each == 0 for each in held)):
            return "empty"
        # MCP: a list of parts under `content`, errors in words.
        if len(held) == 1 and isinstance(held[0], list | dict | str) and depth < _DEEPEST and len(said) <= 3:
            return _of_document(held[0], failed, depth + 1)
        return "ok"
    if isinstance(said, list):
        if failed:
            return _kind_of_error(_words(said)[:_HEAD])
        if not said:
            return "empty"
        texts = [part["text"] for part in said if isinstance(part, dict) and isinstance(part.get("text"), str)]
        if len(texts) == len(said) and depth < _DEEPEST:
            return classify("", "".join(texts))
        return "ok"
    return classify("", said, failed=failed) if isinstance(said, str) and depth < _DEEPEST else "ok"


def _error_in(said: Mapping[str, Any]) -> Any:
    """What the document says went wrong; None where it does not say that anything did."""
    for name in _SAYS:
        if said.get(name):
            return {key: said[key] for key in (name, *_MORE, "status", "statusCode", "status_code") if key in said}
    if said.get("isError") is True or said.get("is_error") is True:
        return said
    if said.get("success") is False or said.get("ok") is False:
        return said
    status = next((said[name] for name in ("status", "statusCode", "status_code", "code") if name in said), None)
    if isinstance(status, str) and status.lower() in ("error", "failed", "failure", "fail", "timeout"):
        return said
    # A number alone may be anything's status: with words beside it, it is HTTP's.
    if type(status) is int and 400 <= status < 600 and any(name in said for name in _MORE if name != "code"):
        return said
    return None


def _words(said: Any, depth: int = 0) -> str:
    """The texts and numbers in it, each once, in order."""
    if isinstance(said, Mapping):
        return " ".join(f"{_words(value, depth + 1)}" for value in said.values()) if depth < 4 else ""
    if isinstance(said, list):
        return " ".join(_words(value, depth + 1) for value in said[:20]) if depth < 4 else ""
    return "" if said is None or isinstance(said, bool) else str(said)[:_HEAD]


def _kind_of_error(words: str) -> ToolOutcome:
    if _TIMEOUT.search(words):
        return "timeout"
    if _SERVER.search(words):
        return "tool_error"
    return "caller_error" if _CALLER.search(words) else "tool_error"


_NOT_JSON: Final = object()


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _NOT_JSON
