"""What `GET /v1/models` tells an agent: the names it may put into `model`, no more.

One document for both of the APIs that have such a list: each client finds the fields that it looks for.
"""

from datetime import UTC, datetime

from proxy.config.model import Config
from records import JsonValue


def models_of(config: Config, agent: str, *, created: int) -> list[dict[str, JsonValue]]:
    """The models the agent's key may use and whose provider is available. `created`: seconds since the epoch."""
    moment = datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
    return [
        {
            "id": name,
            "object": "model",
            "created": created,
            "owned_by": config.models[name].provider,
            "type": "model",
            "display_name": name,
            "created_at": moment,
        }
        for name in config.allowed_models(agent)
        if config.available(name)
    ]


def listing(models: list[dict[str, JsonValue]]) -> JsonValue:
    """The list as a document; it has a single page."""
    return {
        "object": "list",
        "data": [*models],
        "has_more": False,
        "first_id": models[0]["id"] if models else None,
        "last_id": models[-1]["id"] if models else None,
    }
