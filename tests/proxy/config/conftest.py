"""A way to write a configuration and load it."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from middleware.protocol import Settings
from proxy.config.load import load
from proxy.config.model import Config
from proxy.config.steps import by_settings

Load = Callable[..., Config]


class Retrieval(Settings):
    top_k: int = 3
    min_similarity: float = 0.75
    holdout: float = 0.1


class Weighted(Settings):
    weighted: dict[str, float]


class Routing(Settings):
    policy: Literal["fixed"] | Weighted = "fixed"


class Guardrails(Settings):
    output: tuple[str, ...] = ()


class Critique(Settings):
    """As the step that revises answers."""


STEPS: dict[str, type[Settings]] = {
    "retrieval": Retrieval,
    "variant_routing": Routing,
    "guardrails": Guardrails,
    "self_critique": Critique,
}


def settings_of(name: str) -> type[Settings]:
    """As a registry would, from the steps above."""
    if name not in STEPS:
        raise LookupError(f"no middleware called {name!r}; there are {', '.join(STEPS)}")
    return STEPS[name]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, so that messages name `burnish.yaml` alone."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load_text(folder: Path) -> Load:
    """Loads a configuration written in the test, with no variable set but those given."""

    def write_and_load(text: str, **env: str) -> Config:
        Path("burnish.yaml").write_text(dedent(text))
        return load("burnish.yaml", env=env, validate_steps=by_settings(settings_of))

    return write_and_load
