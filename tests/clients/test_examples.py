"""Every example of a client runs, and gets its answer through Burnish."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import APIS, Served
from tests.clients.matrix import CLIENTS, Api, Client
from tests.clients.model import ANSWER
from tests.clients.running import made_ready
from tests.support.environments import Environments

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_an_example_asks_through_burnish(
    client: Client,
    environments: Environments,
    serving: Callable[[tuple[Api, ...]], Served],
    tmp_path: Path,
) -> None:
    served = serving(APIS)
    assert ANSWER in made_ready(client, served.endpoint, environments, tmp_path).example()
