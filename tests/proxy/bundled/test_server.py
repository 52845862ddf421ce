"""The life of the small model's server, with a stand-in for llama-server."""

import errno
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from proxy.bundled.engine import Engine
from proxy.bundled.errors import SmallModelError
from proxy.bundled.server import BundledServer
from tests.proxy.bundled.conftest import MakeServer

QUICK = 30.0


def port_of(base_url: str) -> int:
    port = urlsplit(base_url).port
    assert port is not None
    return port


def killed(server: BundledServer) -> None:
    """Ends it as the system does that runs out of memory, and returns when it is noticed."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.poll() is None:
        time.sleep(0.01)


def wait_until_gone(base_url: str) -> None:
    """Returns when nobody listens there any more; the test's own time limit ends the wait."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port_of(base_url))).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)


def test_start_gives_the_base_url_and_wait_ready_returns_when_it_answers(make_server: MakeServer) -> None:
    server = make_server()
    base_url = server.start()
    server.wait_ready(QUICK)
    assert base_url == f"http://127.0.0.1:{port_of(base_url)}/v1"
    with urlopen(f"{base_url}/environ") as answer:
        assert answer.status == 200


def test_a_model_that_is_still_loading_is_not_ready(make_server: MakeServer) -> None:
    server = make_server("--loading", "3")
    base_url = server.start()
    server.wait_ready(QUICK)
    with urlopen(f"{base_url.removesuffix('/v1')}/health") as fifth_look:
        assert fifth_look.status == 200


def test_waiting_says_every_second_how_long_it_has_been(make_server: MakeServer) -> None:
    seconds = itertools.count(start=0, step=0.75)
    server = make_server("--loading", "1000000", clock=lambda: next(seconds))
    server.start()
    said: list[str] = []
    with pytest.raises(SmallModelError, match=r"tiny-instruct was not loaded within 3 s; see .*small-model\.log"):
        server.wait_ready(3, said.append)
    assert said == ["loading tiny-instruct: 1 s", "loading tiny-instruct: 2 s", "loading tiny-instruct: 3 s"]


def test_a_server_that_ends_while_loading_is_reported_with_its_last_words(make_server: MakeServer) -> None:
    server = make_server("--complain", "error: no such tensor")
    server.start()
    with pytest.raises(SmallModelError) as caught:
        server.wait_ready(QUICK)
    assert "tiny-instruct ended with status 1 while it was loading: error: no such tensor (log: " in str(caught.value)
    assert "set a provider's key to do without it" in str(caught.value)


def test_each_start_from_new_begins_a_new_log(make_server: MakeServer) -> None:
    for _ in range(2):
        server = make_server("--complain", "once")
        server.start()
        with pytest.raises(SmallModelError):
            server.wait_ready(QUICK)
    assert server.log.read_text() == "once\n"


def test_a_killed_server_is_noticed_and_restarts_at_the_same_url(make_server: MakeServer) -> None:
    server = make_server()
    base_url = server.start()
    server.wait_ready(QUICK)
    assert server.poll() is None
    killed(server)
    assert server.poll() == -signal.SIGKILL
    assert server.pid is None
    server.restart()
    server.wait_ready(QUICK)
    assert server.base_url == base_url


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets the port be kept")
def test_nobody_else_gets_the_port_while_the_server_is_down(make_server: MakeServer) -> None:
    server = make_server()
    port = port_of(server.start())
    server.wait_ready(QUICK)
    killed(server)
    with socket.socket() as other, pytest.raises(OSError, match="in use") as caught:
        other.bind(("127.0.0.1", port))
    assert caught.value.errno == errno.EADDRINUSE


def test_a_running_server_can_be_restarted_too(make_server: MakeServer) -> None:
    server = make_server()
    server.start()
    server.wait_ready(QUICK)
    before = server.pid
    server.restart()
    server.wait_ready(QUICK)
    assert server.pid not in (None, before)


def test_stop_ends_it_and_may_be_repeated(make_server: MakeServer) -> None:
    with make_server() as server:
        base_url = server.start()
        server.wait_ready(QUICK)
        server.stop()
        assert server.pid is None
        wait_until_gone(base_url)


def test_what_was_never_started_has_no_url_and_stops_quietly(make_server: MakeServer) -> None:
    server = make_server()
    with pytest.raises(RuntimeError, match="tiny-instruct has not been started"):
        _ = server.base_url
    server.stop()
    assert server.poll() is None


def test_ctrl_c_at_the_terminal_does_not_reach_it(make_server: MakeServer) -> None:
    server = make_server()
    server.start()
    assert server.pid is not None
    assert os.getpgid(server.pid) != os.getpgrp()


def test_it_is_not_started_from_a_thread_whose_end_would_be_its_own(make_server: MakeServer) -> None:
    server = make_server()
    errors: list[RuntimeError] = []

    def start() -> None:
        try:
            server.start()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "from the main thread" in str(errors[0])


def test_it_sees_no_provider_key(make_server: MakeServer) -> None:
    server = make_server(environ={"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-secret"})
    base_url = server.start()
    server.wait_ready(QUICK)
    with urlopen(f"{base_url}/environ") as answer:
        seen = json.load(answer)
    assert "PATH" in seen
    assert "OPENAI_API_KEY" not in seen


SUPERVISOR = """
    import os, sys, time
    from pathlib import Path
    from proxy.bundled.engine import Engine
    from proxy.bundled.server import BundledServer
    from tests.proxy.bundled.conftest import tiny

    engine = Engine(Path(sys.argv[1]), preload=None)
    server = BundledServer(tiny(), Path("tiny"), engine=engine, log=Path(sys.argv[2]), environ=os.environ)
    print(server.start(), flush=True)
    server.wait_ready(30)
"""


def test_it_dies_with_a_supervisor_that_is_killed(engine: Engine, tmp_path: Path) -> None:
    script = dedent(SUPERVISOR) + "print('ready', flush=True)\ntime.sleep(600)\n"
    command = [sys.executable, "-c", script, str(engine.executable), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        base_url = supervisor.stdout.readline().strip()
        assert supervisor.stdout.readline() == "ready\n"
        supervisor.kill()
    wait_until_gone(base_url)


def test_a_forked_worker_that_ends_does_not_end_it(engine: Engine, tmp_path: Path) -> None:
    forks = """
        worker = os.fork()
        if worker == 0:
            server.stop()
            os._exit(0)
        os.waitpid(worker, 0)
        server.wait_ready(30)
        print("still running" if server.poll() is None else "gone")
        server.stop()
    """
    script = dedent(SUPERVISOR) + dedent(forks)
    command = [sys.executable, "-c", script, str(engine.executable), str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "still running"
