"""Which endpoint a path means: with or without `/v1`, doubled or trailing slashes, and an agent named in the path."""

from functools import lru_cache
from typing import NamedTuple


class Route(NamedTuple):
    """`agent` as named in the path, None where the key alone names it; `rest` is the path below `/v1/`.

    `versioned` says that the path had its `/v1`, or named an agent: only then may an unknown route be passed on.
    """

    agent: str | None
    rest: str
    versioned: bool


@lru_cache(maxsize=1024)
def route_of(path: str) -> Route:
    """`/v1/models`, `/models/`, `//v1//models` and `/agents/NAME/v1/models` are all `models`."""
    parts = [part for part in path.split("/") if part]
    agent = None
    if len(parts) >= 2 and parts[0] == "agents":
        agent = parts[1]
        parts = parts[2:]
    versioned = parts[:1] == ["v1"]
    return Route(agent, "/".join(parts[versioned:]), versioned or agent is not None)
