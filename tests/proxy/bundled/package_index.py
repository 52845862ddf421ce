"""A package index made for one test: wheels in a folder, found by pip there or over HTTP."""

import os
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Final

from proxy.bundled.parcel import Part

NOTHING: Final = MappingProxyType[str, bytes]({})


@dataclass(frozen=True)
class PackageIndex:
    """Wheels under `folder`, laid out as a simple index: one folder a package."""

    folder: Path

    def add(self, part: Part, content: bytes, *, code: str = "", more: Mapping[str, bytes] = NOTHING) -> None:
        """A wheel that carries `content` where `part` says, and `more` by name; `code` is its package's `__init__`."""
        name = part.package.replace("-", "_")
        info = f"{name}-{part.version}.dist-info"
        home = self.folder / part.package
        home.mkdir(parents=True, exist_ok=True)
        wheel = home / f"{name}-{part.version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as packed:
            for member, carried in {part.member: content, **more}.items():
                packed.writestr(member, carried)
            packed.writestr(f"{name}/__init__.py", code)
            packed.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n"
            )
            packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            packed.writestr(f"{info}/RECORD", "")
        (home / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')

    def environ(self) -> dict[str, str]:
        """What makes pip look here, and nowhere else."""
        folders = [str(home) for home in self.folder.iterdir()] if self.folder.exists() else []
        return bare_environ() | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": " ".join(folders)}

    @contextmanager
    def served(self) -> Iterator[dict[str, str]]:
        """What makes pip look here over HTTP, for as long as the context lasts."""
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(self.folder))) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield bare_environ() | {"PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/"}
            finally:
                server.shutdown()
                thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and keeps its log to itself."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def bare_environ() -> dict[str, str]:
    """The environment without anything this machine sets for pip."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return environ | {"PIP_CONFIG_FILE": os.devnull}
