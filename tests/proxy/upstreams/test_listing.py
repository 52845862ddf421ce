"""What `GET /v1/models` lists."""

from proxy.config.model import Config
from proxy.upstreams.listing import listing, models_of
from records import JsonValue


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
    listed = models_of(config, "test", created=7)
    assert [(model["id"], model["owned_by"], model["created"]) for model in listed] == [
        ("fast", "near", 7),
        ("smart", "near", 7),
    ]


def test_the_list_holds_what_either_apis_clients_look_for() -> None:
    models: list[dict[str, JsonValue]] = [{"id": "fast"}, {"id": "smart"}]
    page = {"has_more": False, "first_id": "fast", "last_id": "smart"}
    assert listing(models) == {"object": "list", "data": models, **page}
    assert listing([]) == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}
