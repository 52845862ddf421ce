"""llama-server as a child of the process that starts it: one model, on a free port of the loopback."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from proxy.bundled.catalogue import Model
from proxy.bundled.engine import Engine
from proxy.bundled.errors import SmallModelError
from proxy.bundled.tether import tethered

HOST = "127.0.0.1"
MOST_THREADS = 4
"""More gain little on models this small, and a container's share of a large machine is often fewer than its cores."""


class BundledServer:
    """Serves one model until `stop`, or until this process ends, even by `kill -9`.

    Start it from the main thread, before forking: a worker that inherits it cannot stop it. Its port stays the same
    over a `restart`, so a base URL handed out once stays right. Restarting is left to whoever polls.
    """

    def __init__(
        self,
        model: Model,
        gguf: Path,
        *,
        engine: Engine,
        log: Path,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.log = log
        self.gguf = gguf
        self._engine = engine
        self._environ = environ
        self._clock = clock
        self._owner = os.getpid()
        self._port: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Starts it and gives its base URL, `/v1` included, at once; calls get a 503 until the model is loaded."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the bundled model from the main thread: Linux ends it with the thread that did")
        if self._port is None:
            self._port = _reserved_port()
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                env=self._engine.environment(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own group: Ctrl-C is for the proxy, which still needs the model while calls in flight finish.
                start_new_session=True,
            )
        return self.base_url

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self._port_number()}/v1"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process is not None and self.poll() is None else None

    def wait_ready(self, timeout: float, on_progress: Callable[[str], None] = lambda line: None) -> None:
        """Returns once the model answers; says so every second that it takes. `timeout` is in seconds."""
        started = self._clock()
        said = 0
        while not self._healthy():
            waited = self._clock() - started
            if self.poll() is not None:
                raise SmallModelError(self._post_mortem())
            if waited > timeout:
                raise SmallModelError(f"{self.model.name} was not loaded within {timeout:.0f} s; see {self.log}")
            if int(waited) > said:
                said = int(waited)
                on_progress(f"loading {self.model.name}: {said} s")
            time.sleep(0.05)

    def poll(self) -> int | None:
        """None while it runs; else how it ended: an exit status, or a signal's number, negative."""
        return None if self._process is None else self._process.poll()

    def restart(self) -> None:
        """Starts it anew on the same port, ending what may be left of it; `wait_ready` afterwards as before."""
        self._end()
        self.start()

    def stop(self) -> None:
        """Ends it at once and gives its port back; harmless when repeated."""
        if os.getpid() != self._owner:
            return
        self._end()
        if self._port is not None:
            self._port.close()
            self._port = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            # Killed, not asked: it has nothing to save, and asked politely it takes two seconds.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _command(self) -> list[str]:
        command = [str(self._engine.executable), "--model", str(self.gguf), "--alias", self.model.name]
        command += ["--host", HOST, "--port", str(self._port_number()), "--cors-origins", "localhost"]
        command += ["--offline", "--no-ui", "--no-slots", "--jinja", "--log-verbosity", "2", "--log-colors", "off"]
        # On every machine the same: no graphics card, and a context that does not depend on the memory that is free.
        command += ["--device", "none", "--fit", "off", "--threads", str(min(_usable_cores(), MOST_THREADS))]
        # A context of its own for each slot: when a shared one runs full, every call in flight fails with a 500.
        command += ["--parallel", str(self.model.slots), "--ctx-size", str(self.model.slots * self.model.context)]
        # Up to 256 MiB of past conversations, where the default is 8 GiB.
        command += ["--no-kv-unified", "--cache-ram", "256"]
        return tethered(*command, *self.model.flags, preload=str(self._engine.preload or ""))

    def _port_number(self) -> int:
        if self._port is None:
            raise RuntimeError(f"{self.model.name} has not been started")
        number: int = self._port.getsockname()[1]
        return number

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._port_number(), timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _post_mortem(self) -> str:
        code = self.poll()
        how = f"status {code}" if code is None or code >= 0 else signal.Signals(-code).name
        hint = "; this processor lacks an instruction llama.cpp was built with" if code == -signal.SIGILL else ""
        last = self.log.read_text(errors="replace").splitlines()[-1:] if self.log.exists() else []
        return (
            f"{self.model.name} ended with {how} while it was loading{hint}: {' '.join(last) or 'it said nothing'} "
            f"(log: {self.log}); set a provider's key to do without it"
        )


def _reserved_port() -> socket.socket:
    """A free port, kept for the server even while it is down: bound, and never listened on.

    With SO_REUSEADDR, which llama-server sets too, Linux lets two sockets bind one port while at most one listens.
    """
    kept = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((HOST, 0))
    return kept


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
