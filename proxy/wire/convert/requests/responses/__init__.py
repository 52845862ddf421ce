"""Responses requests, read and written."""

from proxy.wire.convert.requests.responses.read import read
from proxy.wire.convert.requests.responses.write import write

__all__ = ["read", "write"]
