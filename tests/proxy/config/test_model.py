"""What the models derive: availability, allowed models, waits, chains, the hash."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from proxy.config.model import Config
from tests.proxy.config.conftest import Load

CONFIG = """\
    version: 1
    providers:
      remote: {base_url: https://models.example/v1/, api_key: "${env:KEY:-}", timeout: {first_byte: 2m}}
      local: {base_url: http://127.0.0.1:8089/v1, api_key: "${env:KEY:-}"}
      open: {base_url: http://models.internal/v1}
      small: {bundled: smollm2-135m-instruct}
    models:
      smart: {provider: remote, model: big, timeout: {idle: 5s}}
      fast: {provider: local, model: little}
      house: {provider: open, model: ours}
      small: {provider: small, model: smollm2}
    agents:
      support:
        models: {default: [smart, fast], allow: [house]}
        variants:
          terse: {steps: {retrieval: {top_k: 1, enabled: false}}}
        middleware:
          - retrieval: {top_k: 3, holdout: 0.2, on_error: closed}
          - guardrails
    """


def test_a_remote_provider_whose_key_is_empty_is_unavailable(load_text: Load) -> None:
    config = load_text(CONFIG)
    assert {name: provider.available for name, provider in config.providers.items()} == {
        "remote": False,
        "local": True,
        "open": True,
        "small": True,
    }


def test_the_first_available_default_is_used(load_text: Load) -> None:
    assert load_text(CONFIG).default_model("support") == "fast"
    assert load_text(CONFIG, KEY="k").default_model("support") == "smart"


def test_an_agent_may_use_its_defaults_and_what_it_is_allowed(load_text: Load) -> None:
    assert load_text(CONFIG).allowed_models("support") == ("smart", "fast", "house")
    assert load_text(CONFIG.replace(", allow: [house]", "")).allowed_models("support") == (
        "smart", "fast", "house", "small",
    )  # fmt: skip


def test_a_model_changes_the_waits_that_it_names(load_text: Load) -> None:
    waits = load_text(CONFIG).timeout("smart")
    assert (waits.connect, waits.first_byte, waits.idle) == (10, 120, 5)


def test_a_variant_lays_its_settings_over_those_of_the_step(load_text: Load) -> None:
    agent = load_text(CONFIG).agents["support"]
    (base, _), (terse, _) = agent.chain(), agent.chain("terse")
    assert (base.enabled, base.on_error, base.settings) == (True, "closed", {"top_k": 3, "holdout": 0.2})
    assert (terse.enabled, terse.on_error, terse.settings) == (False, "closed", {"top_k": 1, "holdout": 0.2})


def test_base_is_always_a_variant_and_the_first(load_text: Load) -> None:
    assert list(load_text(CONFIG).agents["support"].variants) == ["base", "terse"]


def test_an_empty_variable_leaves_an_optional_value_out(load_text: Load) -> None:
    config = load_text(
        """\
        version: 1
        console: {token: "${env:TOKEN:-}"}
        records: {url: "${env:URL:-}", redis: "${env:REDIS:-}", retention: "${env:KEEP:-}"}
        telemetry: {otlp: "${env:OTLP:-}"}
        """
    )
    assert config.console.token is None
    assert (config.records.url, config.records.redis, config.records.retention) == (None, None, None)
    assert config.telemetry.otlp is None


def test_records_are_kept_beside_the_journal_unless_a_url_says_where(load_text: Load) -> None:
    assert load_text("version: 1\nrecords: {dir: /srv/burnish}").records.database == "sqlite:////srv/burnish/burnish.db"
    assert load_text("version: 1").records.database == "sqlite:///data/burnish.db"
    assert load_text('version: 1\nrecords: {url: "postgresql://db/x"}').records.database == "postgresql://db/x"


def test_words_from_variables_are_read_as_what_the_field_needs(load_text: Load) -> None:
    text = 'version: 1\nserver: {queue: "${env:QUEUE}", ping: "${env:PING}"}\nrecords: {sync: "${env:SYNC}"}\n'
    config = load_text(text, QUEUE="8", PING="2s", SYNC="yes")
    assert (config.server.queue, config.server.ping, config.records.sync) == (8, 2.0, True)


def test_an_address_gives_its_host_and_port(load_text: Load) -> None:
    server = load_text('version: 1\nserver: {listen: "[::1]:0"}').server
    assert (server.host, server.port) == ("::1", 0)


def test_the_hash_follows_what_is_in_force_not_how_it_is_written(load_text: Load) -> None:
    plain = load_text("version: 1\nserver: {ping: 15s, queue: 8}")
    assert len(plain.hash) == 16
    assert plain.hash == load_text("# a comment\nversion: 1\nserver:\n  queue: 8\n  max_body: 32MiB\n").hash
    assert plain.hash != load_text("version: 1\nserver: {ping: 15s, queue: 9}").hash


def test_a_configuration_does_not_change_once_read(load_text: Load) -> None:
    config = load_text(CONFIG)
    with pytest.raises(ValidationError, match="frozen"):
        config.server.queue = 1


def test_code_may_write_durations_as_seconds_and_sizes_as_bytes() -> None:
    config = Config.model_validate({"version": 1, "server": {"ping": 0.05, "drain": 3, "max_body": 100}})
    assert (config.server.ping, config.server.drain, config.server.max_body) == (0.05, 3.0, 100)


def test_a_configuration_read_back_from_its_dump_is_the_same(load_text: Load) -> None:
    config = load_text(CONFIG)
    again = Config.model_validate(config.model_dump())
    assert again == config
    assert again.hash == config.hash


def test_loading_imports_nothing_heavy() -> None:
    modules = ", ".join(f"proxy.config.{name}" for name in ("load", "reload", "schema", "view"))
    code = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"rich", "typer", "jsonschema", "litellm", "chromadb", "sqlalchemy", "middleware"} & set(loaded)
