"""Chat-completions requests, read and written."""

from proxy.wire.convert.requests.chat.read import read
from proxy.wire.convert.requests.chat.write import write

__all__ = ["read", "write"]
