"""The APIs that the load generator speaks and the mock provider answers in, each saying the same."""

from collections.abc import Mapping
from typing import Final

from benchmarks.apis.api import Api
from benchmarks.apis.chat import CHAT
from benchmarks.apis.messages import MESSAGES
from benchmarks.apis.responses import RESPONSES

APIS: Final[Mapping[str, Api]] = {api.name: api for api in (CHAT, RESPONSES, MESSAGES)}

__all__ = ["APIS", "CHAT", "MESSAGES", "RESPONSES", "Api"]
