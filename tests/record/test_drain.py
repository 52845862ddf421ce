"""Told to stop, a proxy finishes what is in flight, and when it has ended the store has every call."""

import asyncio
from pathlib import Path

import pytest

from tests.record.caller import calling
from tests.record.crowd import SIZE
from tests.record.site import site
from tests.support.upstream import Gate, Upstream, says


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_after_sigterm_calls_in_flight_finish_and_are_listed_once_it_has_ended(
    upstream: Upstream, tmp_path: Path, workers: str
) -> None:
    records, gate = site(upstream, tmp_path), Gate()
    upstream.always(says("before", gate, " after"))
    with records.served("--workers", workers) as proxy:
        async with calling(proxy) as caller:
            calls = [asyncio.create_task(caller.chat(f"Call {turn}.", stream=turn % 2 == 0)) for turn in range(SIZE)]
            await upstream.received(SIZE)
            proxy.stop()
            gate.open()
            answers = await asyncio.gather(*calls)
        assert proxy.wait() == 0
    assert {(answer.status, answer.text) for answer in answers} == {(200, "before after")}
    assert sorted(records.runs()) == sorted(answer.run_id for answer in answers)
