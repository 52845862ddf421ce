"""Whom a call serves: `metadata.user_id`, without the session that coding agents write beside it."""

import re
from typing import Any, Final

import msgspec

_SESSION: Final = re.compile(r"_session_[0-9a-f-]{36}$")
_PARTS: Final = msgspec.json.Decoder(dict[str, Any])
_NAMES: Final = ("account_uuid", "device_id")
"""The account is the same on all devices; not everybody has one."""


def user_of(metadata: object) -> str | None:
    """Whom a request's `metadata` names, in whatever session; None where it names nobody."""
    user_id = metadata.get("user_id") if isinstance(metadata, dict) else None
    return _person(user_id) if isinstance(user_id, str) and user_id else None


def _person(user_id: str) -> str:
    """A user has many sessions: who is told apart by them is nobody in particular."""
    if user_id.startswith("{") and '"session_id"' in user_id:
        try:
            parts = _PARTS.decode(user_id)
        except (msgspec.DecodeError, RecursionError):
            return user_id
        return next((part for name in _NAMES if (part := parts.get(name)) and isinstance(part, str)), user_id)
    return _SESSION.sub("", user_id) or user_id
