"""Messages requests, read and written."""

from proxy.wire.convert.requests.messages.read import read
from proxy.wire.convert.requests.messages.write import write

__all__ = ["read", "write"]
