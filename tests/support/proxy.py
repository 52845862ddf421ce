"""The proxy under test: served by uvicorn in the test's own event loop, or as the `burnish serve` that people run.

async with proxied(upstream, tmp_path, agent={"limits": {"rpm": 1}}) as proxy:
    answer = await proxy.chat("hello")
    assert answer.status == 200
    (run,) = await proxy.recorded()
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvicorn
import yaml
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from middleware.registry import Registry
from proxy.app import DataPlane
from proxy.config.keys import hash_key
from proxy.config.model import Config
from proxy.serve.protocol import with_deadlines
from proxy.worker import Place, Worker
from records import Run
from records.otlp import runs_in
from stores.segments import journal_in, segment_names
from tests.support.ports import free_port
from tests.support.upstream import Upstream

KEY: Final = "bn-a-key-for-tests"
UPSTREAM_KEY: Final = "upstream-secret-key"
AGENT: Final = "support"
CHAT: Final = "chat/completions"
_PATIENCE: Final = 20.0


def settings(
    upstream: Upstream, records: Path, /, *, agent: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]
) -> dict[str, Any]:
    """A configuration with one agent before one provider, as the YAML would have it.

    `agent` adds to the agent, a section given by name to that section. Nothing is tried twice unless a test asks.
    """
    written: dict[str, Any] = {
        "version": 1,
        "server": {"listen": "127.0.0.1:0"},
        "providers": {"local": {"base_url": upstream.base_url, "api_key": UPSTREAM_KEY}},
        "models": {"small": {"provider": "local", "model": "small-instruct", "retries": {"max": 0}}},
        "records": {"dir": str(records)},
        "agents": {AGENT: {"keys": [hash_key(KEY)], "models": {"default": "small"}, **(agent or {})}},
    }
    for name, section in sections.items():
        written[name] = {**written.get(name, {}), **section}
    return written


class Answer:
    """A whole response as the client got it."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json()["error"]

    @property
    def text(self) -> str:
        """The text of the first choice, of a document or put together from a stream."""
        if self.headers["content-type"].startswith("application/json"):
            return str(self.json()["choices"][0]["message"]["content"])
        return "".join(
            choice["delta"].get("content") or ""
            for event in self.events
            for choice in event.get("choices", ())
            if choice["index"] == 0
        )

    @property
    def blocks(self) -> list[bytes]:
        """What stands between the blank lines of a stream; the stream must end in one."""
        *blocks, rest = self.body.split(b"\n\n")
        assert rest == b"", rest
        return blocks

    @property
    def data(self) -> list[bytes]:
        """The data of each event, `[DONE]` included."""
        return [block.removeprefix(b"data: ") for block in self.blocks if block.startswith(b"data: ")]

    @property
    def events(self) -> list[Any]:
        return [json.loads(data) for data in self.data if data != b"[DONE]"]

    @property
    def run_id(self) -> str:
        return self.headers["x-burnish-run-id"]

    @property
    def variant(self) -> str:
        return self.headers["x-burnish-variant"]


class _WatchedWorker(Worker):
    """Tells how many runs it has handed to the journal."""

    recorded = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.changed = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()

    def record(self, run: Run) -> None:
        super().record(run)
        self.recorded += 1
        telling = asyncio.get_running_loop().create_task(self._tell())
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class Proxy:
    """A proxy that serves in this event loop, and a client of it."""

    def __init__(
        self, worker: _WatchedWorker, server: uvicorn.Server, records: Path, port: int, client: aiohttp.ClientSession
    ) -> None:
        self.worker = worker
        self.server = server
        self.records = records
        self.port = port
        self.client = client
        self.key = KEY

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.url}/v1"

    def open(
        self, document: Any, *, headers: Mapping[str, str] | None = None, path: str = f"/v1/{CHAT}"
    ) -> "aiohttp.client._RequestContextManager":
        """A call whose response the test reads itself. `document` may be bytes, to be sent as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        named = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **(headers or {})}
        return self.client.post(self.url + path, data=body, headers=named)

    async def post(self, document: Any, **how: Any) -> Answer:
        async with self.open(document, **how) as response:
            return Answer(response.status, response.headers, await response.read())

    async def chat(
        self,
        *messages: str | Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        path: str = f"/v1/{CHAT}",
        **fields: Any,
    ) -> Answer:
        """A chat call. A message given as text is the user's."""
        return await self.post(asking(*messages, **fields), headers=headers, path=path)

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        named = {"authorization": f"Bearer {self.key}", **(headers or {})}
        async with self.client.request(method, self.url + path, headers=named) as response:
            return Answer(response.status, response.headers, await response.read())

    def runs(self) -> list[Run]:
        """The runs in the journal, in the order they ended."""
        return runs_under(self.records)

    async def recorded(self, count: int = 1) -> list[Run]:
        """The runs in the journal, once there are `count` of them."""
        async with asyncio.timeout(10), self.worker.changed:
            await self.worker.changed.wait_for(lambda: self.worker.recorded >= count)
        return self.runs()

    @property
    def stalled(self) -> bool:
        """Whether some client does not take what is sent to it."""
        return any(
            connection.flow.write_paused
            for connection in self.server.server_state.connections
            if isinstance(connection, HttpToolsProtocol)
        )

    def metric(self, name: str, **labels: str) -> float:
        """A figure as `/metrics` shows it; 0 where it does not."""
        self.worker.metrics.flush()
        return self.worker.metrics.registry.get_sample_value(name, labels) or 0.0


def asking(*messages: str | Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """The document of a chat call."""
    said = [{"role": "user", "content": m} if isinstance(m, str) else dict(m) for m in messages or ("hello",)]
    return {"model": "small", "messages": said, **fields}


async def becomes(true: Callable[[], bool], *, within: float = 10.0) -> None:
    """Waits for something of which nobody tells, `within` seconds."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110  # There is no event to wait for.
            await asyncio.sleep(0)


def runs_under(records: Path) -> list[Run]:
    journal = journal_in(records)
    return [
        run
        for segment in segment_names(journal)
        for line in (journal / segment).read_bytes().splitlines()
        for run in runs_in(line)
    ]


@asynccontextmanager
async def serving(
    written: Mapping[str, Any], *, steps: Mapping[str, type[Any]] | None = None, place: Place | None = None
) -> AsyncIterator[Proxy]:
    """A proxy under the configuration `written`; `steps` adds steps that are not installed."""
    config = Config.model_validate(written)
    async with _WatchedWorker(config, Registry(steps), {}, place or Place()) as worker:
        server = uvicorn.Server(
            uvicorn.Config(
                DataPlane(worker),
                http=with_deadlines(config.server.header_timeout, config.server.body_timeout),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
            )
        )
        sock = _bound()
        port = sock.getsockname()[1]
        # What `serve` does, without its loop that looks ten times a second whether to stop: tests would wait for it.
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup([sock])
        client = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0))
        try:
            yield Proxy(worker, server, config.records.dir, port, client)
        finally:
            await client.close()
            await _close(server)


@asynccontextmanager
async def proxied(
    upstream: Upstream,
    records: Path,
    /,
    *,
    agent: Mapping[str, Any] | None = None,
    steps: Mapping[str, type[Any]] | None = None,
    **sections: Mapping[str, Any],
) -> AsyncIterator[Proxy]:
    """A proxy before `upstream`; `agent` and `sections` as in `settings`."""
    async with serving(settings(upstream, records, agent=agent, **sections), steps=steps) as proxy:
        yield proxy


async def _close(server: uvicorn.Server) -> None:
    for listening in server.servers:
        listening.close()
    tasks = list(server.server_state.tasks)
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _bound() -> socket.socket:
    # With the protocol named asyncio knows it for TCP, and sends small pieces at once.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)
    return sock


class ServedProxy:
    """A `burnish serve` of its own processes."""

    def __init__(self, process: "subprocess.Popen[bytes]", records: Path, port: int) -> None:
        self.process = process
        self.records = records
        self.port = port
        self.key = KEY

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Asks it to stop, as a service manager does."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Its exit status, once it has stopped."""
        return self.process.wait(_PATIENCE)

    def runs(self) -> list[Run]:
        return runs_under(self.records)


@contextmanager
def served(
    written: Mapping[str, Any], folder: Path, *, arguments: Sequence[str] = ("--no-worker",)
) -> Iterator[ServedProxy]:
    """`burnish serve` under the configuration `written`, ready to answer; ended when the block is, however it goes."""
    port = free_port()
    file = folder / "burnish.yaml"
    file.write_text(yaml.safe_dump(_on_disk(written, port)))
    log = folder / "serve.log"
    command = [str(Path(sys.executable).with_name("burnish")), "serve", "--config", str(file), *arguments]
    environment = {**os.environ, "UPSTREAM_KEY": UPSTREAM_KEY}
    with log.open("wb") as told:
        process = subprocess.Popen(
            command, stdout=told, stderr=told, cwd=folder, env=environment, start_new_session=True
        )
    try:
        _wait_until_ready(process, port, log)
        yield ServedProxy(process, Path(written["records"]["dir"]), port)
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(3)
        # Its children are in its session, which no other process shares.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)


def _on_disk(written: Mapping[str, Any], port: int) -> dict[str, Any]:
    """As a file may say it: with its port, and without credentials."""
    providers = {name: {**each, "api_key": "${env:UPSTREAM_KEY}"} for name, each in written["providers"].items()}
    return {**written, "providers": providers, "server": {**written["server"], "listen": f"127.0.0.1:{port}"}}


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    give_up = time.monotonic() + _PATIENCE
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"burnish serve did not start:\n{log.read_text()}")
        time.sleep(0.02)


def _is_ready(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0) as sock:
        sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return sock.makefile("rb").readline().startswith(b"HTTP/1.1 200")
    return False
