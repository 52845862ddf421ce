"""Which endpoint a path means: with or without `/v1`, doubled or trailing slashes, and an agent named in the path."""

from functools import lru_cache
from typing import NamedTuple

from proxy.errors import ApiError


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


def as_it_came(raw_path: str, route: Route) -> str:
    """`route.rest` with the percent-encodings of the client, which a path to be passed on must keep. Raises 404."""
    raw = route_of(raw_path)
    if (raw.agent is None, raw.versioned) != (route.agent is None, route.versioned):
        # An encoded slash where the route is decided: whoever looks at this path elsewhere may see another.
        raise ApiError(404, f"there is no route {raw_path!r}; write its slashes as they are", code="route_not_found")
    return raw.rest
