"""Why an answer ended: in this API's words, and in those of the chain."""

from typing import Final

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_STOP: Final = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "tool_calls": "tool_use"}


def finish_reason(stop_reason: str) -> str:
    """A reason that is not documented stays as it is."""
    return _FINISH.get(stop_reason, stop_reason)


def stop_reason(finish_reason: str) -> str:
    return _STOP.get(finish_reason, finish_reason)
