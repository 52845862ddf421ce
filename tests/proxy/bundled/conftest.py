"""A tiny model in a package index of its own, a stand-in for llama-server, and the real small model."""

import hashlib
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.bundled.catalogue import Model
from proxy.bundled.engine import Engine
from proxy.bundled.parcel import Part
from proxy.bundled.server import BundledServer
from tests.proxy.bundled import stand_in
from tests.proxy.bundled.package_index import PackageIndex
from tests.support.small_model import small_model

__all__ = ["small_model"]

# More than pip shows no progress bar for.
CONTENT = random.Random(7).randbytes(700_000)

MakeServer = Callable[..., BundledServer]


def tiny(content: bytes = CONTENT, *, parts: int = 1) -> Model:
    """A catalogue entry for a file that holds `content`."""
    return Model(
        name="tiny-instruct",
        title="Tiny Instruct",
        parts=tuple(Part(f"tiny-part{n}", "1.0", f"tiny_part{n}/data.bin") for n in range(1, parts + 1)),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        licence="Apache-2.0",
        source="made for this test",
        context=512,
        slots=1,
    )


@pytest.fixture
def index(tmp_path: Path) -> PackageIndex:
    """An index that holds the tiny model."""
    index = PackageIndex(tmp_path / "index")
    index.add(tiny().parts[0], CONTENT)
    return index


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The stand-in, as an executable that starts without the environment of the tests."""
    executable = tmp_path / "llama-server"
    executable.write_text(f"#!{sys.executable} -IS\n" + Path(stand_in.__file__).read_text())
    executable.chmod(0o755)
    return Engine(executable, preload=None)


@pytest.fixture
def make_server(engine: Engine, tmp_path: Path) -> Iterator[MakeServer]:
    """Makes servers of the stand-in, and ends them with the test. `flags` tell the stand-in how to behave."""
    made: list[BundledServer] = []

    def make(
        *flags: str, environ: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> BundledServer:
        model = replace(tiny(), flags=flags)
        log = tmp_path / "records" / "small-model.log"
        gguf = tmp_path / model.file_name
        server = BundledServer(model, gguf, engine=engine, log=log, environ=environ, clock=clock)
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
