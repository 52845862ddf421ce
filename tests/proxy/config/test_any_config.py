"""Whatever stands in the file, loading gives a configuration or says what is wrong with it."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.config.load import load
from proxy.config.problems import ConfigError, Where
from proxy.config.steps import by_settings
from tests.proxy.config.conftest import settings_of

CONFIG: dict[str, Any] = {
    "version": 1,
    "server": {"listen": "127.0.0.1:8400", "ping": "15s", "max_body": "1MiB", "queue": 3},
    "console": {"listen": "127.0.0.1:8401", "token": "${env:TOKEN:-t}"},
    "providers": {"local": {"base_url": "http://127.0.0.1:1", "headers": {"x-a": "b"}, "timeout": {"idle": "1s"}}},
    "models": {"fast": {"provider": "local", "model": "m", "fallbacks": ["smart"], "price": {"input": 1, "output": 2}},
               "smart": {"provider": "local", "model": "m"}},
    "records": {"url": "sqlite:///x", "retention": "7d"},
    "telemetry": {"redact": ["a+"], "headers": {"x-b": "c"}},
    "agents": {
        "support": {
            "keys": ["sha256:" + "a" * 64],
            "limits": {"rpm": 1, "budget": {"usd": 1}},
            "models": {"default": ["fast"], "allow": ["smart"]},
            "auxiliary": [{"model": "m"}],
            "variants": {"terse": {"sampling": {"seed": 1}, "steps": {"retrieval": {"top_k": 1}}}},
            "middleware": ["variant_routing", {"retrieval": {"top_k": 3, "on_error": "closed"}}, {"guardrails": None}],
            "learning": {"scorers": ["a"], "schedule": "* * * * *"},
        }
    },
}  # fmt: skip


def places(value: Any, where: Where = ()) -> list[Where]:
    """The way to every value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [where, *(place for key, item in inner for place in places(item, (*where, key)))]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
    ["${env:TOKEN}", "${env:NONE}", "${file:none}", "${", "fast", "base", "variant_routing", "[key]", "1s", "-1", "∞"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def replaced(value: Any, where: Where, new: object) -> Any:
    """A copy with another value in one place."""
    if not where:
        return new
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    copy[where[0]] = replaced(value[where[0]], where[1:], new)
    return copy


def complaints(text: str) -> list[str]:
    """What loading says of it, nothing if it is valid; whatever else is raised fails the test."""
    Path("burnish.yaml").write_text(text, encoding="utf-8", errors="replace")
    try:
        load("burnish.yaml", env={"TOKEN": "t"}, validate_steps=by_settings(settings_of))
    except ConfigError as error:
        return error.lines or ["no reason given"]
    return []


def are_clear(lines: list[str]) -> bool:
    """Whether each is one line that names the file."""
    return all(line.startswith("burnish.yaml:") and "\n" not in line for line in lines)


IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)


def test_what_the_others_change_is_valid(folder: Path) -> None:
    assert complaints(yaml.safe_dump(CONFIG)) == []


@IN_ONE_FOLDER
@given(where=st.sampled_from(places(CONFIG)), value=VALUES)
def test_any_value_in_any_place(folder: Path, where: Where, value: Any) -> None:
    assert are_clear(complaints(yaml.safe_dump(replaced(CONFIG, where, value), allow_unicode=True)))


@IN_ONE_FOLDER
@given(where=st.sampled_from(places(CONFIG)), other=st.sampled_from(places(CONFIG)), value=VALUES)
def test_any_two_mistakes_at_once(folder: Path, where: Where, other: Where, value: Any) -> None:
    changed = replaced(CONFIG, where, value)
    if other in places(changed):
        changed = replaced(changed, other, value)
    assert are_clear(complaints(yaml.safe_dump(changed, allow_unicode=True)))


@IN_ONE_FOLDER
@given(text=st.text(alphabet=st.sampled_from([*"{}[]:,-&*!<>|?#'\"%@` \n\tab1${}~"])))
def test_any_text(folder: Path, text: str) -> None:
    assert are_clear(complaints(text))
