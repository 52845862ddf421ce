"""What the background process has folded for an agent and keeps beside the records, for commands that show it."""

from typing import Any

from burnish.commands.records import Failure, Place
from stores.routing import Folded
from stores.states import Kind
from stores.states.opening import STATE, states_in


def folded(place: Place, agent: str, kind: Kind[Any], what: str) -> Folded | None:
    """None where nothing was folded yet. Raises `Failure` where only a database was named."""
    if place.redis is None:
        if place.directory is None:
            raise Failure(f"what is known of {what} is beside the records; name the configuration instead of --db")
        if not (place.directory / STATE).exists():
            return None
    assert place.directory is not None
    states = states_in(place.directory, place.redis, kind)
    try:
        return states.load(agent)
    finally:
        states.close()
