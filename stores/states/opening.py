"""Where workers and the background process meet: a file beside the records, or Redis."""

from pathlib import Path
from typing import Final

from stores.states import Kind, News, P, States

STATE: Final = "state.db"


def states_in(directory: Path, redis: str | None, kind: Kind[P]) -> States[P]:
    """For the background process."""
    if redis is not None:
        from stores.states.redis import RedisStates

        return RedisStates(redis, kind)
    from stores.states.sqlite import SqliteStates

    return SqliteStates(directory / STATE, kind)


def news_in(directory: Path, redis: str | None, kind: Kind[P]) -> News[P]:
    """For a worker."""
    if redis is not None:
        from stores.states.redis import RedisNews

        return RedisNews(redis, kind)
    from stores.states.sqlite import SqliteNews

    return SqliteNews(directory / STATE, kind)
