"""Free ports for servers that are started a little later, in processes of their own."""

import random
import socket
from typing import Final

_BELOW_EPHEMERAL: Final = range(15_000, 32_000)
"""Ports that no outgoing connection takes meanwhile, as it may one that the kernel gave for port 0."""


def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    for port in random.sample(_BELOW_EPHEMERAL, 100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("of a hundred ports none is free")
