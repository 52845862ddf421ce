"""How long a call may take, and how the proxy stops. Checklist items 38, 40."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import asking, becomes, served, settings
from tests.support.upstream import Gate, Pause, Upstream, held, in_thread, never, says
from tests.support.wire import connected


def _model(**timeout: float) -> dict[str, Any]:
    return {"small": {"provider": "local", "model": "small-instruct", "timeout": timeout, "retries": {"max": 0}}}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_item_38_the_first_byte_has_its_own_timeout(upstream: Upstream, start: Start, stream: bool) -> None:
    proxy = await start(models=_model(first_byte=0.05, idle=600))
    upstream.reply(never())
    answer = await proxy.chat(stream=stream)
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
    await upstream.requests[0].left.wait()


async def test_item_38_silence_between_chunks_has_another(upstream: Upstream, start: Start) -> None:
    proxy = await start(models=_model(first_byte=600, idle=0.05))
    upstream.reply(says("half", Gate(), " more"))
    answer = await proxy.chat(stream=True)
    assert answer.text == "half"
    assert "error" in answer.events[-1]
    await upstream.requests[0].left.wait()


async def test_item_38_an_answer_may_take_longer_in_total_than_either(upstream: Upstream, start: Start) -> None:
    proxy = await start(models=_model(first_byte=0.5, idle=0.5))
    pieces = [part for number in range(12) for part in (str(number), Pause(0.06))]
    upstream.reply(says(*pieces))
    answer = await proxy.chat(stream=True)
    assert answer.text == "".join(map(str, range(12)))
    (run,) = await proxy.recorded()
    assert run.duration_ms > 500


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize("arguments", [(), ("--no-worker",)], ids=["with a background process", "without"])
def test_item_40_sigterm_lets_streams_finish_and_then_closes(folder: Path, arguments: tuple[str, ...]) -> None:
    gate = Gate()
    with (
        in_thread(Upstream()) as upstream,
        served(settings(upstream, folder / "records"), folder, arguments=arguments) as proxy,
    ):
        upstream.reply(says("before", gate, " after"))

        async def drive() -> None:
            async with connected(proxy.port) as wire:
                wire.ask(asking(stream=True))
                status, _ = await wire.head()
                assert status == 200
                seen = await wire.frame() + await wire.frame()
                proxy.stop()
                await _refuses(proxy.port)
                gate.open()
                seen += b"".join(await wire.frames())
            assert b'" after"' in seen
            assert seen.endswith(b"data: [DONE]\n\n")

        asyncio.run(drive())
        assert proxy.wait() == 0
        (run,) = proxy.runs()
        assert (run.outcome, json.loads(run.answer or "")["choices"][0]["message"]["content"]) == ("ok", "before after")


async def _refuses(port: int) -> None:
    """Waits until nothing accepts connections there any more."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                return
            writer.close()


def test_item_40_what_does_not_end_in_time_is_cut_with_an_error_and_recorded(folder: Path) -> None:
    with in_thread(Upstream()) as upstream:
        written = settings(upstream, folder / "records", server={"drain": "500ms"})
        with served(written, folder) as proxy:
            upstream.always(lambda request: (says("half", Gate()) if _streams(request) else never())(request))

            async def drive() -> tuple[bytes, int]:
                async with connected(proxy.port) as streamed, connected(proxy.port) as whole:
                    streamed.ask(asking(stream=True))
                    await streamed.head()
                    await streamed.frame()
                    whole.ask(asking())
                    await upstream.received(2)
                    proxy.stop()
                    status, _ = await whole.head()
                    return b"".join(await streamed.frames()), status

            seen, status = asyncio.run(drive())
            *_, last = seen.strip().split(b"\n\n")
            assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "shutting_down"
            assert status == 503
            assert proxy.wait() == 0
        assert sorted((run.status, run.outcome) for run in proxy.runs()) == [(503, "error"), (503, "error")]


def _streams(request: Any) -> bool:
    return bool(request.json().get("stream"))


def test_item_40_idle_connections_do_not_hold_up_a_stop(folder: Path) -> None:
    with in_thread(Upstream()) as upstream, served(settings(upstream, folder / "records"), folder) as proxy:

        async def drive() -> bytes:
            async with connected(proxy.port) as wire:
                wire.ask(asking())
                _, headers = await wire.head()
                await wire.body(headers)
                proxy.stop()
                return await wire.rest()

        assert asyncio.run(drive()) == b""
        assert proxy.wait() == 0


async def test_item_40_a_proxy_that_stops_says_that_it_is_not_ready(start: Start) -> None:
    proxy = await start()
    assert (await proxy.get("/readyz")).json() == {"ready": True, "problems": []}
    proxy.worker.stopping = True
    answer = await proxy.get("/readyz")
    assert (answer.status, answer.json()) == (503, {"ready": False, "problems": ["stopping"]})


async def test_item_40_calls_in_flight_keep_the_configuration_they_began_with(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"variants": {"terse": {"instructions": {"append": ["Be brief."]}}}})
    gate = Gate()
    upstream.reply(held(says("old"), gate))
    before = proxy.worker.snapshot.config
    changed = {
        **before.model_dump(),
        "agents": {"support": {**before.agents["support"].model_dump(), "mode": "bypass"}},
    }
    asked = asyncio.create_task(proxy.chat())
    await upstream.received()
    proxy.worker.use(type(before).model_validate(changed))
    gate.open()
    assert (await asked).text == "old"
    await proxy.chat()
    old, new = await proxy.recorded(2)
    assert old.config_hash == before.hash
    assert new.config_hash == proxy.worker.snapshot.config.hash != before.hash
    await becomes(lambda: not proxy.worker.admission.in_flight)
