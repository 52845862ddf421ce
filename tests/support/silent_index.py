"""A package index that takes requests and never answers: whatever is downloaded from it stays on its way."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.proxy.bundled.package_index import bare_environ


class SilentIndex:
    """Takes connections and requests, and answers none. Waits for 20 seconds at the most."""

    def __init__(self, listener: socket.socket, closing: ExitStack) -> None:
        listener.settimeout(20)
        self._listener = listener
        self._closing = closing

    def environ(self) -> dict[str, str]:
        """What makes pip look here, and nowhere else."""
        return bare_environ() | {"PIP_INDEX_URL": f"http://127.0.0.1:{self._listener.getsockname()[1]}/"}

    def asked(self) -> socket.socket:
        """The connection of the next who asks, once the request is there; it ends when they do."""
        connection, _ = self._listener.accept()
        connection.settimeout(20)
        self._closing.enter_context(connection)
        connection.recv(1, socket.MSG_PEEK)
        return connection


@contextmanager
def silent_index() -> Iterator[SilentIndex]:
    with ExitStack() as closing:
        yield SilentIndex(closing.enter_context(socket.create_server(("127.0.0.1", 0))), closing)


def read_to_the_end(connection: socket.socket) -> bytes:
    """All that the other end has sent, once it is gone."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SilentIndex]:
    """Where pip looks for the length of the test; no model is in the cache."""
    with silent_index() as index:
        for name in set(os.environ) - set(index.environ()):
            monkeypatch.delenv(name)
        for name, value in index.environ().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PIP_TIMEOUT", "60")
        monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))
        yield index
