"""A full disk: calls are served or refused as configured, the record says what it lacks, and all mends by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.record.caller import Caller, calling, until
from tests.record.disk import Disk, small_disk
from tests.record.site import Site, site
from tests.support.upstream import Upstream

# More than fits into the page that the journal has begun.
LONG: Final = "a long question " * 4000
FULL: Final = "calls cannot be recorded: the record's disk is full or failing"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", megabytes=24) as disk:
        yield disk


def on(disk: Disk, upstream: Upstream, tmp_path: Path, on_full: str) -> Site:
    return site(upstream, tmp_path, records={"dir": str(disk.folder), "on_full": on_full})


async def readiness(caller: Caller) -> tuple[int, list[str]]:
    answer = await caller.get("/readyz")
    return answer.status, answer.json()["problems"]


async def recovered(caller: Caller) -> None:
    async def ready() -> bool:
        return await readiness(caller) == (200, [])

    await until(ready)


async def stored(records: Site, runs: list[str]) -> None:
    """Waits until the store holds these runs and no others."""

    async def are() -> bool:
        return sorted(records.held()) == sorted(runs)

    await until(are)


async def test_a_full_disk_is_served_on_and_the_gap_is_counted_and_shown(
    upstream: Upstream, tmp_path: Path, disk: Disk
) -> None:
    records = on(disk, upstream, tmp_path, "serve")
    with records.served() as proxy:
        async with calling(proxy) as caller:
            kept = [(await caller.chat("Before.")).run_id]
            await stored(records, kept)
            disk.fill()
            # Room was held in reserve for what is under way when the disk turns out to be full.
            kept.append((await caller.chat(LONG)).run_id)
            disk.fill()
            lost = [await caller.chat(LONG), await caller.chat(LONG, stream=True)]
            assert [answer.status for answer in lost] == [200, 200]
            assert await caller.metric("burnish_unrecorded_total") == 2
            assert await readiness(caller) == (200, [FULL])
            assert "2 calls were served but not recorded" in records.burnish("runs").stderr
            disk.free()
            await recovered(caller)
            kept.append((await caller.chat("After.")).run_id)
        proxy.stop()
        assert proxy.wait() == 0
    assert sorted(records.held()) == sorted(kept)
    (told,) = [line for line in records.burnish("runs").stderr.splitlines() if "not recorded" in line]
    assert told.startswith("2 calls were served but not recorded between ")
    assert told.endswith(": No space left on device")
    assert records.log.count("calls cannot be recorded: No space left on device; free some space") == 1
    assert "calls are recorded again; 2 were not" in records.log


async def test_a_full_disk_is_refused_before_anything_is_sent_upstream(
    upstream: Upstream, tmp_path: Path, disk: Disk
) -> None:
    records = on(disk, upstream, tmp_path, "refuse")
    with records.served() as proxy:
        async with calling(proxy) as caller:
            disk.fill()
            kept = [(await caller.chat(LONG)).run_id]
            sent = len(upstream.requests)
            for stream in (False, True):
                refused = await caller.chat("Now?", stream=stream)
                assert refused.status == 503
                assert refused.error["code"] == "record_full"
                assert "free some space" in refused.error["message"]
                assert refused.headers["retry-after"] == "5"
            assert len(upstream.requests) == sent
            assert await readiness(caller) == (503, [FULL])
            disk.free()
            await recovered(caller)
            kept.append((await caller.chat("And now?")).run_id)
            assert await caller.metric("burnish_unrecorded_total") == 0
            await stored(records, kept)
    assert "not recorded" not in records.burnish("runs").stderr


async def test_a_proxy_that_starts_on_a_full_disk_serves_and_records_once_there_is_room(
    upstream: Upstream, tmp_path: Path, disk: Disk
) -> None:
    records = on(disk, upstream, tmp_path, "serve")
    with records.served() as proxy:
        async with calling(proxy) as caller:
            kept = [(await caller.chat("Before.")).run_id]
        proxy.stop()
        assert proxy.wait() == 0
    disk.fill()
    with records.served() as proxy:
        async with calling(proxy) as caller:
            assert await readiness(caller) == (200, [FULL])
            assert (await caller.chat(LONG)).status == 200
            disk.free()
            await recovered(caller)
            kept.append((await caller.chat("After.")).run_id)
            await stored(records, kept)
    assert "1 call was served but not recorded" in records.burnish("runs").stderr


async def test_no_call_fails_or_is_counted_twice_when_workers_share_a_full_disk(
    upstream: Upstream, tmp_path: Path, disk: Disk
) -> None:
    records = on(disk, upstream, tmp_path, "serve")
    with records.served("--workers", "2") as proxy:
        async with calling(proxy) as caller:
            await stored(records, [(await caller.chat("Before.")).run_id])
            for _ in range(10):
                disk.fill()
                assert (await caller.chat(LONG)).status == 200
            lost = await caller.metric("burnish_unrecorded_total")
            assert lost >= 8
            disk.free()
        proxy.stop()
        assert proxy.wait() == 0
    assert len(records.held()) == 1 + 10 - lost


async def test_a_first_start_on_a_full_disk_says_what_it_could_not_make(
    upstream: Upstream, tmp_path: Path, disk: Disk
) -> None:
    records = on(disk, upstream, tmp_path, "serve")
    disk.fill()
    with pytest.raises(RuntimeError, match="secret cannot be read or made"), records.served():
        raise AssertionError("it started")
    assert "Traceback" not in records.log
