"""What the fields of a request must be, whichever API it is of; a provider tells which one is wrong."""

from collections.abc import Mapping
from typing import Any, Final

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "background": (bool,),
    "conversation": (str, dict),
    "dimensions": (int,),
    "encoding_format": (str,),
    "include": (list,),
    "input": (str, list),
    "instructions": (str, list),
    "messages": (list,),
    "metadata": (dict,),
    "model": (str,),
    "n": (int,),
    "previous_response_id": (str,),
    "prompt": (str, list, dict),
    "reasoning": (dict,),
    "response_format": (dict,),
    "store": (bool,),
    "stream": (bool,),
    "stream_options": (dict,),
    "system": (str, list),
    "text": (dict,),
    "thinking": (dict,),
    "tool_choice": (str, dict),
    "tools": (list,),
}


_MOST: Final[Mapping[str, int]] = {"dimensions": 4096, "n": 128}


def wrong_field(document: dict[str, Any]) -> str | None:
    """The first field that no API takes so."""
    return next((name for name, value in document.items() if value is not None and _is_wrong(name, value)), None)


def _is_wrong(name: str, value: Any) -> bool:
    if name in _TYPES and not isinstance(value, _TYPES[name]):
        return True
    return name in _MOST and not 1 <= value <= _MOST[name]
