"""Answers in a folder that another process of this machine has open (`stores.answers.sharing`).

It needs nothing of Chroma itself, neither to import nor to keep in memory.
"""

import socket
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from stores.answers import Answer, Collection, Found, Vector
from stores.answers.wire import Asked, Told, address, found_in, packed, receive, send
from stores.runs import StoreError

_AT_ONCE: Final = 200
_decode: Final = msgspec.msgpack.Decoder(Told).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class SharedAnswers:
    """Any thread may call it, and as many at once as like. `timeout` is in seconds, for each exchange."""

    def __init__(self, folder: Path, *, timeout: float) -> None:
        self._folder = folder
        self._timeout = timeout
        self._idle: list[socket.socket] = []
        self._lock = Lock()

    def nearest(self, collection: Collection, vector: Vector, limit: int) -> list[Found]:
        asked = Asked(do="nearest", collection=collection, vectors=[packed(vector)], limit=limit)
        return found_in(self._ask(asked))

    def put(self, collection: Collection, answers: Sequence[Answer], vectors: Sequence[Vector]) -> None:
        for start in range(0, len(answers), _AT_ONCE):
            end = start + _AT_ONCE
            sent = [packed(vector) for vector in vectors[start:end]]
            self._ask(Asked(do="put", collection=collection, answers=list(answers[start:end]), vectors=sent))

    def drop(self, collection: Collection, ids: Sequence[str]) -> None:
        self._ask(Asked(do="drop", collection=collection, ids=list(ids)))

    def ids(self, collection: Collection) -> list[str]:
        return self._ask(Asked(do="ids", collection=collection)).ids

    def clear(self, collection: Collection) -> None:
        self._ask(Asked(do="clear", collection=collection))

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for sock in idle:
            sock.close()

    def _ask(self, asked: Asked) -> Told:
        data = _encode(asked)
        try:
            told = self._exchange(data)
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"the answers in {self._folder} cannot be had now ({error or type(error).__name__}): the background "
                "process keeps them; is it running?"
            ) from error
        if told.error is not None:
            raise StoreError(told.error)
        return told

    def _exchange(self, data: bytes) -> Told:
        with self._lock:
            sock = self._idle.pop() if self._idle else None
        if sock is not None:
            try:
                return self._over(sock, data)
            except TimeoutError:
                raise
            except (OSError, EOFError):
                # The other process may have begun anew since; to do anything twice does no harm.
                self.close()
        return self._over(self._connected(), data)

    def _over(self, sock: socket.socket, data: bytes) -> Told:
        try:
            send(sock, data)
            told = _decode(receive(sock))
        except BaseException:
            sock.close()
            raise
        with self._lock:
            self._idle.append(sock)
        return told

    def _connected(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self._timeout)
            with address(self._folder) as where:
                sock.connect(where)
        except BaseException:
            sock.close()
            raise
        return sock
