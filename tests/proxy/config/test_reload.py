"""A running proxy takes up each valid new configuration, and keeps what worked when a file is bad."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from proxy.config.load import validate
from proxy.config.model import Config
from proxy.config.reload import Watcher, fixed_until_restart
from proxy.config.source import read
from proxy.config.steps import by_settings
from tests.proxy.config.conftest import settings_of

FILE = Path("burnish.yaml")


def text(queue: object = 1) -> str:
    """A configuration told apart by its queue."""
    return f"version: 1\nserver: {{queue: {queue}}}\n"


def save(written: str, file: str = "burnish.yaml") -> None:
    """Writes a file as a plain editor does: in place."""
    Path(file).write_text(written)


def put_in_place(written: str) -> None:
    """Swaps the file for another of the same size and time, as a deployment may."""
    old = FILE.stat()
    save(written, "new.yaml")
    os.utime("new.yaml", ns=(old.st_atime_ns, old.st_mtime_ns))
    Path("new.yaml").replace(FILE)


class Night:
    """A sleep that ends when the test says so; `pass_by` returns once the watcher sleeps again."""

    def __init__(self) -> None:
        self._asleep = asyncio.Event()
        self._wake = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self._asleep.set()
        await self._wake.wait()
        self._wake.clear()

    async def fall(self) -> None:
        """Waits until the watcher sleeps."""
        await self._asleep.wait()

    async def pass_by(self, times: int = 1) -> None:
        """Wakes the watcher so often, and waits until it sleeps again."""
        for _ in range(times):
            await self._asleep.wait()
            self._asleep.clear()
            self._wake.set()
        await self._asleep.wait()


class Watched:
    """A watcher at work, and what it handed over."""

    def __init__(self, env: Mapping[str, str]) -> None:
        source = read(FILE, env)
        steps = by_settings(settings_of)
        self.night = Night()
        self.received: list[Config] = []
        self.handed_over = asyncio.Event()
        self.watcher = Watcher(
            source,
            validate(source, steps),
            self._receive,
            logging.getLogger("test.reload"),
            validate_steps=steps,
            env=env,
            sleep=self.night.sleep,
        )

    def _receive(self, config: Config) -> None:
        self.received.append(config)
        self.handed_over.set()

    @property
    def queues(self) -> list[int]:
        return [config.server.queue for config in self.received]


@pytest.fixture
async def watched(folder: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Watched]:
    caplog.set_level(logging.INFO, "test.reload")
    save(text())
    found = Watched({})
    running = asyncio.create_task(found.watcher.run())
    await found.night.fall()
    yield found
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_changed_file_is_taken_up_once_it_is_left_alone(watched: Watched) -> None:
    save(text(22))
    await watched.night.pass_by()
    assert watched.queues == []
    await watched.night.pass_by()
    assert watched.queues == [22]
    await watched.night.pass_by(3)
    assert watched.queues == [22]
    assert watched.watcher.current is watched.received[0]


async def test_a_file_still_being_written_is_not_read(watched: Watched) -> None:
    for queue in (22, 333, 4444):
        save(text(queue))
        await watched.night.pass_by()
    assert watched.queues == []
    await watched.night.pass_by()
    assert watched.queues == [4444]


async def test_a_file_put_in_the_place_of_the_old_is_taken_up(watched: Watched) -> None:
    put_in_place(text(2))
    await watched.night.pass_by(2)
    assert watched.queues == [2]


async def test_an_edit_before_the_first_look_is_not_missed(folder: Path) -> None:
    save(text())
    found = Watched({})
    save(text(22))
    running = asyncio.create_task(found.watcher.run())
    await found.night.pass_by(2)
    assert found.queues == [22]
    running.cancel()


async def test_a_bad_file_keeps_the_old_configuration_and_is_said_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    save(text("many") + "mode: apply\n")
    await watched.night.pass_by(6)
    assert watched.queues == []
    assert watched.watcher.current.server.queue == 1
    assert caplog.messages == [
        "configuration not reloaded: burnish.yaml:2: server.queue: expected a whole number, got 'many'",
        "configuration not reloaded: burnish.yaml:3: mode: unknown key; did you mean 'models'?",
    ]


async def test_a_mended_file_is_taken_up(watched: Watched) -> None:
    save(text("many"))
    await watched.night.pass_by(2)
    save(text(5))
    await watched.night.pass_by(2)
    assert watched.queues == [5]


async def test_a_file_that_vanishes_changes_nothing(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    os.unlink(FILE)
    await watched.night.pass_by(6)
    assert watched.queues == []
    assert caplog.messages == ["configuration not reloaded: burnish.yaml: cannot be read (No such file or directory)"]
    save(text(7))
    await watched.night.pass_by(2)
    assert watched.queues == [7]


async def test_an_edit_that_changes_nothing_in_force_hands_nothing_over(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    save("# a comment\n" + text())
    await watched.night.pass_by(3)
    assert watched.queues == []
    assert caplog.messages == []


async def test_a_file_that_the_configuration_names_is_watched_too(folder: Path) -> None:
    save(text("'${file:queue:-1}'"))
    found = Watched({})
    running = asyncio.create_task(found.watcher.run())
    save("8\n", "queue")
    await found.night.pass_by(2)
    save("99\n", "queue")
    await found.night.pass_by(2)
    assert found.queues == [8, 99]
    running.cancel()


async def test_sighup_rereads_at_once(watched: Watched) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, watched.watcher.ask)
    save(text(9))
    os.kill(os.getpid(), signal.SIGHUP)
    await watched.handed_over.wait()
    loop.remove_signal_handler(signal.SIGHUP)
    assert watched.queues == [9]


async def test_what_cannot_be_built_keeps_the_old_configuration(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(text())
    source = read(FILE, {})
    night = Night()

    def build(config: Config) -> None:
        if config.server.queue == 13:
            raise RuntimeError("the plugin does not like 13")

    log = logging.getLogger("test.reload")
    watcher = Watcher(source, validate(source), build, log, env={}, sleep=night.sleep)
    running = asyncio.create_task(watcher.run())
    save(text(13))
    await night.pass_by(2)
    assert watcher.current.server.queue == 1
    assert "the plugin does not like 13" in caplog.text
    save(text(144))
    await night.pass_by(2)
    assert watcher.current.server.queue == 144
    running.cancel()


async def test_what_only_a_restart_can_change_is_said(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    save(text() + "records: {dir: elsewhere}\n")
    await watched.night.pass_by(2)
    assert caplog.messages[0] == "burnish.yaml: records.dir takes effect at the next start"
    assert caplog.messages[1].startswith("configuration reloaded: burnish.yaml is now ")


def test_addresses_and_places_of_records_are_fixed_until_restart() -> None:
    old = Config.model_validate({"version": 1})
    new = Config.model_validate(
        {"version": 1, "server": {"listen": "127.0.0.1:1", "queue": 3}, "records": {"sync": True}}
    )
    assert fixed_until_restart(old, new) == ["server.listen", "records.sync"]
    assert fixed_until_restart(new, new) == []


def test_another_embedder_is_taken_up_at_once() -> None:
    old = Config.model_validate({"version": 1})
    records = {"embedder": {"provider": "p", "model": "m"}}
    new = Config.model_validate({"version": 1, "providers": {"p": {"base_url": "http://h/v1"}}, "records": records})
    assert fixed_until_restart(old, new) == []
