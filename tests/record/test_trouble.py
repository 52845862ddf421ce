"""A journal that was cut, a database that is locked: the rest is recorded, and the log says what is wrong."""

import sqlite3
from pathlib import Path

import pytest

from stores.segments import segment_names
from tests.record.caller import calling, until
from tests.record.processes import kill_everything
from tests.record.site import site
from tests.support import postgres
from tests.support.upstream import Upstream


async def test_a_line_that_was_cut_is_told_once_and_all_others_are_listed(upstream: Upstream, tmp_path: Path) -> None:
    records = site(upstream, tmp_path)
    with records.served("--no-worker") as proxy:
        async with calling(proxy) as caller:
            *whole, cut = [(await caller.chat(f"Question {number}.")).run_id for number in range(5)]
        kill_everything(proxy)
    (segment,) = segment_names(records.journal)
    lines = (records.journal / segment).read_bytes().splitlines(keepends=True)
    assert cut.encode() in lines[-1]
    (records.journal / segment).write_bytes(b"".join(lines)[:-100])
    place = f"journal segment {segment}, byte {sum(map(len, lines[:-1]))}: "
    logs = []
    for _ in range(2):
        with records.served() as proxy:
            async with calling(proxy) as caller:
                whole.append((await caller.chat("And on it goes.")).run_id)
            proxy.stop()
            assert proxy.wait() == 0
        logs.append(records.log)
    assert sorted(records.runs()) == sorted(whole)
    assert [log.count(place) for log in logs] == [1, 0]
    assert f"its writer died within this line, {len(lines[-1]) - 100} bytes are there" in logs[0]


async def test_a_locked_database_fails_no_call_and_gets_every_run_later(upstream: Upstream, tmp_path: Path) -> None:
    records = site(upstream, tmp_path)

    async def told() -> bool:
        return "burnish.db is locked by another process" in records.log

    async def all_stored() -> bool:
        return sorted(records.held()) == sorted(made)

    with records.served() as proxy:
        async with calling(proxy) as caller:
            made = [(await caller.chat("Before.")).run_id]
            await until(all_stored)
            other = sqlite3.connect(records.database, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            made += [(await caller.chat(f"Question {number}.", stream=number % 2 == 0)).run_id for number in range(20)]
            await until(told)
            assert records.runs() == made[:1]
            other.execute("ROLLBACK")
            other.close()
            await until(all_stored)
    assert sorted(records.runs()) == sorted(made)
    assert records.log.count("is locked by another process") == 1
    assert "the store takes runs again" in records.log


@pytest.mark.slow
async def test_a_server_that_is_away_fails_no_call_and_gets_every_run_later(upstream: Upstream, tmp_path: Path) -> None:
    with postgres.running() as server, server.fresh() as url:
        records = site(upstream, tmp_path, records={"url": url})

        async def told() -> bool:
            return "runs wait in the journal: database postgresql" in records.log

        async def all_stored() -> bool:
            return sorted(records.runs()) == sorted(made)

        with records.served() as proxy:
            async with calling(proxy) as caller:
                made = [(await caller.chat("Before.")).run_id]
                await until(all_stored)
                with server.shut(url):
                    made += [
                        (await caller.chat(f"Question {turn}.", stream=turn % 2 == 0)).run_id for turn in range(20)
                    ]
                    await until(told)
                await until(all_stored)
        assert "the store takes runs again" in records.log
