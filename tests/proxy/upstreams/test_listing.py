"""What `GET /v1/models` lists."""

from proxy.config.model import Config
from proxy.upstreams.listing import models_of


def test_it_lists_the_names_a_key_may_use_and_can_use() -> None:
    config = Config.model_validate(
        {
            "version": 1,
            "providers": {
                "near": {"base_url": "http://127.0.0.1:1/v1"},
                "keyless": {"base_url": "https://api.example/v1", "api_key": ""},
            },
            "models": {
                "fast": {"provider": "near", "model": "a"},
                "smart": {"provider": "near", "model": "b"},
                "gone": {"provider": "keyless", "model": "c"},
                "secret": {"provider": "near", "model": "d"},
            },
            "agents": {"test": {"models": {"default": "fast", "allow": ["smart", "gone"]}}},
        }
    )
    assert models_of(config, "test", created=7) == [
        {"id": "fast", "object": "model", "created": 7, "owned_by": "near"},
        {"id": "smart", "object": "model", "created": 7, "owned_by": "near"},
    ]
