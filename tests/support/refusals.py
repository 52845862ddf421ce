"""What every refusal is, whatever was wrong: one error in OpenAI's shape, clear, and keeping what is ours."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.support.proxy import KEY, UPSTREAM_KEY

_SECRET: Final = (KEY, UPSTREAM_KEY, "Traceback", "site-packages", ".py", "127.0.0.1", "0x7f", "/tmp")


def error_in(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The error of a response, once it was looked at."""
    assert headers["content-type"] == "application/json"
    document = json.loads(body)
    assert set(document) == {"error"}
    error: dict[str, Any] = document["error"]
    assert set(error) == {"message", "type", "param", "code", "request_id"}
    assert error["message"] == error["message"].strip() != ""
    assert "\n" not in error["message"]
    assert error["code"]
    assert error["type"]
    assert error["request_id"] == headers["x-request-id"]
    told = body.decode()
    assert [secret for secret in _SECRET if secret in told] == []
    return error
