"""What keeping memories says of itself, and how it comes into the metrics."""

from pathlib import Path

import pytest

from proxy.memory.status import MemoryFigures, MemoryStatus, read_memory, write_memory
from tests.support.conftest import upstream
from tests.support.proxy import AGENT, proxied
from tests.support.upstream import Upstream

__all__ = ["upstream"]

STATUS = MemoryStatus({AGENT: MemoryFigures({"admitted": 12, "quarantined": 3}, 400)}, "the index is away")


def test_it_comes_back_as_it_was_told(tmp_path: Path) -> None:
    assert read_memory(tmp_path) is None
    write_memory(tmp_path, STATUS)
    assert read_memory(tmp_path) == STATUS


@pytest.mark.parametrize("damaged", ["", "{", '{"agents": 1}'])
def test_a_damaged_file_tells_nothing(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "memory.json").write_text(damaged)
    assert read_memory(tmp_path) is None


async def test_metrics_show_it(upstream: Upstream, tmp_path: Path) -> None:
    async with proxied(upstream, tmp_path / "records") as proxy:
        write_memory(proxy.records, STATUS)
        text = (await proxy.get("/metrics")).body.decode()
    told = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}
    states = {state: told[f'burnish_answers{{agent="{AGENT}",state="{state}"}}'] for state in ("admitted", "waiting")}
    assert states == {"admitted": 12, "waiting": 0}
    assert told["burnish_remembering_failing"] == 1
