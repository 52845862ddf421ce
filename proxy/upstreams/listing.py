"""What `GET /v1/models` tells an agent: the names it may put into `model`, no more."""

from proxy.config.model import Config
from records import JsonValue


def models_of(config: Config, agent: str, *, created: int) -> list[JsonValue]:
    """The models the agent's key may use and whose provider is available. `created`: seconds since the epoch."""
    return [
        {"id": name, "object": "model", "created": created, "owned_by": config.models[name].provider}
        for name in config.allowed_models(agent)
        if config.available(name)
    ]
