"""All the APIs that clients speak here, by name."""

from collections.abc import Mapping
from typing import Final

from proxy.wire.chat import ChatFormat
from proxy.wire.format import WireFormat

CHAT: Final[WireFormat] = ChatFormat()
FORMATS: Final[Mapping[str, WireFormat]] = {format.name: format for format in (CHAT,)}
