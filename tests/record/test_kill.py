"""Killed in the middle of 200 calls: each call that a client saw finish is in the record, once."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.record.crowd import SIZE, Crowd, staggered
from tests.record.processes import background, kill_everything, left_after, supervisor, workers
from tests.record.site import Site, site
from tests.support.upstream import Upstream


@pytest.fixture
def records(upstream: Upstream, tmp_path: Path) -> Site:
    upstream.always(staggered)
    return site(upstream, tmp_path)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
async def test_calls_seen_to_finish_are_listed_once_after_everything_was_killed(records: Site, kills: int) -> None:
    moments, finished = random.Random(kills), []
    for _ in range(kills):
        with records.served() as proxy:
            async with Crowd(proxy.port) as crowd:
                await crowd.has_finished(moments.randint(1, 2 * SIZE))
                kill_everything(proxy)
        assert crowd.cut >= SIZE / 2
        finished += crowd.finished
    read_to_the_end(records)
    assert_listed_once(records, finished)


@pytest.mark.slow
async def test_calls_are_listed_once_when_a_worker_was_killed_and_others_went_on(records: Site) -> None:
    with records.served("--workers", "2") as proxy:
        async with Crowd(proxy.port) as crowd:
            await crowd.has_finished(SIZE // 2)
            for kills in range(1, 6):
                first, second = workers(proxy)
                first.kill()
                await crowd.has_finished((kills + 1) * SIZE)
                assert second in workers(proxy)
                assert len(workers(proxy)) == 2
                # The kernel may have given all connections to the other: then nothing was cut short.
                if crowd.cut:
                    break
        assert 0 < crowd.cut <= kills * SIZE
        proxy.stop()
        assert proxy.wait() == 0
    assert f"worker 0 (pid {first.pid}) ended with signal SIGKILL; starting it again" in records.log
    assert_listed_once(records, crowd.finished)


@pytest.mark.slow
async def test_calls_are_listed_once_when_the_background_process_was_killed(records: Site) -> None:
    with records.served() as proxy:
        async with Crowd(proxy.port) as crowd:
            await crowd.has_finished(SIZE // 2)
            killed = background(proxy)
            killed.kill()
            await crowd.has_finished(2 * SIZE)
        assert crowd.cut == 0
        proxy.stop()
        assert proxy.wait() == 0
    assert f"background (pid {killed.pid}) ended with signal SIGKILL; starting it again" in records.log
    assert_listed_once(records, crowd.finished)


async def test_without_its_supervisor_every_process_finishes_its_calls_and_ends(records: Site) -> None:
    with records.served("--workers", "2") as proxy:
        async with Crowd(proxy.port) as crowd:
            await crowd.has_finished(SIZE // 2)
            children = supervisor(proxy).children(recursive=True)
            assert len(children) >= 3
            proxy.process.kill()
        left = await asyncio.to_thread(left_after, children)
        assert left == []
        assert crowd.cut == 0
    read_to_the_end(records)
    assert_listed_once(records, crowd.finished)


def read_to_the_end(records: Site) -> None:
    """A start that ends in good order has read the whole journal."""
    with records.served() as proxy:
        proxy.stop()
        assert proxy.wait() == 0


def assert_listed_once(records: Site, finished: list[str]) -> None:
    listed = Counter(records.runs())
    assert set(finished) - listed.keys() == set()
    assert set(listed.values()) == {1}
