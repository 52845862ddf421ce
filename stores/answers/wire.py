"""What passes between processes that share a folder of answers: frames of msgpack over a Unix socket.

The socket lies in the folder, so whoever may read the folder may ask, and nobody else: no port, no token.
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from stores.answers import Answer, Collection, Found, Vector

Operation: TypeAlias = Literal["nearest", "put", "drop", "ids", "clear"]

SOCKET: Final = "answers.sock"
_LENGTH: Final = struct.Struct("<I")
_LONGEST_PATH: Final = 100
"""Bytes that every system takes as the path of a socket."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`vectors` are little-endian floats of 32 bits, here and in what is told."""

    do: Operation
    collection: Collection
    limit: int = 0
    ids: list[str] = []
    answers: list[Answer] = []
    vectors: list[bytes] = []


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """`error` says why nothing could be done."""

    error: str | None = None
    ids: list[str] = []
    found: list[tuple[Answer, float, bytes]] = []


def packed(vector: Vector) -> bytes:
    return np.ascontiguousarray(vector, "<f4").tobytes()


def unpacked(data: bytes) -> Vector:
    return np.frombuffer(data, "<f4")


def told_of(found: list[Found]) -> list[tuple[Answer, float, bytes]]:
    return [(each.answer, each.similarity, packed(each.vector)) for each in found]


def found_in(told: Told) -> list[Found]:
    return [Found(answer, similarity, unpacked(vector)) for answer, similarity, vector in told.found]


def send(sock: socket.socket, data: bytes) -> None:
    sock.sendall(_LENGTH.pack(len(data)) + data)


def receive(sock: socket.socket) -> bytes:
    """Raises `EOFError` where the other side has gone."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    return _exactly(sock, length)


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """Of the socket in `folder`, in a form that is short enough."""
    whole = str(folder / SOCKET)
    if len(os.fsencode(whole)) <= _LONGEST_PATH:
        yield whole
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET}"
    finally:
        os.close(opened)


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise EOFError("the other side has gone")
        data += piece
    return bytes(data)
