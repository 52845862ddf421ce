"""A step that does nothing, to see what a step costs before it does anything."""

from burnish import Exchange, Handler, Reply, Services
from burnish import Settings as NoSettings


class Nothing:
    """Passes the call on."""

    Settings = NoSettings

    def __init__(self, settings: NoSettings, services: Services) -> None:
        pass

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        return await call_next(exchange)
