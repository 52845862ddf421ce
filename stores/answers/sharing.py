"""The process that has a folder of answers open, and lets the others of its machine ask.

`python -m stores.answers.sharing FOLDER`, until it is killed. What it was told to keep is on disk before it says so.
"""

import logging
import os
import socketserver
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from stores.answers import AnswerIndex
from stores.answers.chroma import ChromaAnswers
from stores.answers.wire import SOCKET, Asked, Told, address, receive, send, told_of, unpacked
from stores.lease import Lease
from stores.runs import StoreError

_TAKE_EVERY: Final = 0.1
_decode: Final = msgspec.msgpack.Decoder(Asked).decode
_encode: Final = msgspec.msgpack.Encoder().encode
_log = logging.getLogger("burnish.answers")


def share(folder: Path) -> None:
    """Waits for another process that has the folder to end."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lease = Lease(folder / "shared.lock")
    while not lease.take():
        time.sleep(_TAKE_EVERY)
    os.umask(0o077)
    index = ChromaAnswers(folder)
    (folder / SOCKET).unlink(missing_ok=True)
    with address(folder) as where, _Server(where, index) as server:
        server.serve_forever()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, where: str, index: AnswerIndex) -> None:
        self.index = index
        super().__init__(where, _Asking)


class _Asking(socketserver.BaseRequestHandler):
    """One connection: a question, an answer, and so on until its side closes it."""

    server: _Server

    def handle(self) -> None:
        try:
            while True:
                send(self.request, _encode(self._told(_decode(receive(self.request)))))
        except (OSError, EOFError):
            pass  # It has gone.
        except msgspec.MsgspecError as error:
            _log.warning("a process asks for answers in another way than this one knows: %s", error)

    def _told(self, asked: Asked) -> Told:
        index, collection = self.server.index, asked.collection
        try:
            match asked.do:
                case "nearest":
                    return Told(found=told_of(index.nearest(collection, unpacked(asked.vectors[0]), asked.limit)))
                case "put":
                    index.put(collection, asked.answers, [unpacked(vector) for vector in asked.vectors])
                case "drop":
                    index.drop(collection, asked.ids)
                case "ids":
                    return Told(ids=index.ids(collection))
                case "clear":
                    index.clear(collection)
        except StoreError as error:
            return Told(error=str(error))
        return Told()


if __name__ == "__main__":
    share(Path(sys.argv[1]))
