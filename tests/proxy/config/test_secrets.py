"""Credentials: only by reference, and in no message, dump or hash."""

from pathlib import Path

import pytest

from proxy.config.problems import ConfigError
from proxy.config.source import read
from proxy.config.view import masked, origins
from tests.proxy.config.conftest import Load

SECRET = "hunter2-correct-horse"

WRITTEN = {
    "a provider's key": 'providers: {openai: {base_url: https://models.example, api_key: "SECRET"}}',
    "a header that authorizes": 'providers: {o: {base_url: https://m.io, headers: {Authorization: "Bearer SECRET"}}}',
    "a header that is a key": 'providers: {o: {base_url: https://m.example, headers: {x-api-key: "SECRET"}}}',
    "the console's token": 'console: {token: "SECRET"}',
    "a collector's header": 'telemetry: {headers: {x-token: "SECRET"}}',
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_credential_may_not_stand_in_the_file(load_text: Load, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_text(f"version: 1\n{text}\n".replace("SECRET", SECRET))
    (line,) = refused.value.lines
    assert line.endswith(": a credential may not stand in the file; write ${env:NAME} or ${file:PATH}")
    assert SECRET not in line


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_credential_may_come_from_outside(load_text: Load, text: str) -> None:
    config = load_text(f"version: 1\n{text}\n".replace("SECRET", "${env:KEY}"), KEY=SECRET)
    assert SECRET not in repr(config)
    assert SECRET not in config.model_dump_json()


MISPLACED = {
    "a key with a line break": ('providers: {o: {base_url: https://m.example, api_key: "${env:KEY}"}}', SECRET + "\nx"),
    "a URL with a password": ("providers: {o: {base_url: https://user:hunter2-correct-horse@m.example}}", ""),
    "a database with a password": ("records: {url: mysql://user:hunter2-correct-horse@db/x}", ""),
    "a number from a variable": ('server: {queue: "${env:KEY}"}', SECRET),
    "a choice from a variable": ('records: {on_full: "${env:KEY}"}', SECRET),
    "a step's setting from a variable": (
        'agents: {a: {models: {default: m}, middleware: [retrieval: {top_k: "${env:KEY}"}]}}\n'
        "models: {m: {provider: p, model: m}}\nproviders: {p: {base_url: http://127.0.0.1:1}}",
        SECRET,
    ),
    "a key where its hash belongs": (
        "agents: {a: {models: {default: m}, keys: [hunter2-correct-horse]}}\n"
        "models: {m: {provider: p, model: m}}\nproviders: {p: {base_url: http://127.0.0.1:1}}",
        "",
    ),
    "a key in place of a provider": ("models: {m: {provider: sk-hunter2-correct-horse, model: m}}", ""),
}


@pytest.mark.parametrize(("text", "value"), MISPLACED.values(), ids=MISPLACED)
def test_no_message_holds_a_secret(load_text: Load, text: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_text(f"version: 1\n{text}\n", KEY=value)
    assert len(refused.value.lines) == 1
    assert SECRET not in str(refused.value)


def test_the_view_for_people_masks_secrets_and_says_where_they_came_from(load_text: Load) -> None:
    text = """\
        version: 1
        providers:
          openai: {base_url: https://m.example, api_key: "${env:KEY}", headers: {x-team: "${env:KEY}", x-app: burnish}}
        models: {m: {provider: openai, model: m}}
        records: {url: "postgresql://burnish:${env:KEY}@db/burnish", redis: "${env:REDIS}"}
        agents:
          a:
            models: {default: m}
            middleware: [guardrails: {output: ["${env:KEY:-hunter2-default}"]}]
            variants: {terse: {steps: {}}}
        """
    env = {"KEY": SECRET, "REDIS": f"redis://:{SECRET}@cache:6379"}
    config = load_text(text, **env)
    source = read(Path("burnish.yaml"), env)
    data = masked(config, source)
    assert SECRET not in str(data)
    assert data["records"]["url"] == "postgresql://burnish:**********@db/burnish"
    assert data["records"]["redis"] == "redis://:**********@cache:6379"
    places = origins(data, source)
    assert places["providers", "openai", "api_key"] == "burnish.yaml:3 ${env:KEY}"
    assert places["agents", "a", "middleware", 0, "guardrails", "output", 0] == "burnish.yaml:9 ${env:KEY}"
    assert not any("hunter2" in place for place in places.values())


def test_a_changed_secret_changes_the_hash(load_text: Load) -> None:
    text = 'version: 1\nproviders: {o: {base_url: https://m.example, api_key: "${env:KEY}"}}\n'
    assert load_text(text, KEY="one").hash != load_text(text, KEY="two").hash
    assert load_text(text, KEY="one").hash == load_text(text, KEY="one").hash
