"""What runs in the sandbox ends in time, and can neither reach nor change what is outside."""

import asyncio
import os
import socket
import textwrap
from pathlib import Path

import pytest

from stores.sandbox import fences
from stores.sandbox.job import Call, Code, Limits, Ran, Result
from stores.sandbox.sandbox import NoFence, NotRun, Sandbox

HERE = str(Path(__file__).parent)
fenced = pytest.mark.skipif(bool(fences.missing()), reason=fences.missing())


def sandbox(seconds: float = 30, memory: int = 512 << 20, network: bool = False) -> Sandbox:
    return Sandbox(Limits(seconds, memory, network=network))


async def ran(source: str, *tests: str, where: Sandbox | None = None) -> Ran:
    result = await (where or sandbox()).run(Code(textwrap.dedent(source), tests))
    assert result.ran is not None
    return result.ran


@fenced
async def test_code_runs_and_its_tests_are_told_apart() -> None:
    double = "def double(x):\n    return x * 2"
    found = await ran(double, "assert double(2) == 4", "assert double(2) == 5, 'not so'", "double()")
    assert found.raised == ""
    right, wrong, misused = found.tests
    assert right == ""
    assert "not so" in wrong
    assert "TypeError" in misused


@fenced
@pytest.mark.parametrize(
    ("source", "raised"),
    [("x =", "SyntaxError"), ("x = 1\n1 / 0", "ZeroDivisionError: division by zero (line 2)"), ("input()", "EOFError")],
)
async def test_what_code_raises_is_told(source: str, raised: str) -> None:
    assert raised in (await ran(source, "assert True")).raised


@fenced
async def test_code_that_exits_has_still_to_pass_its_tests() -> None:
    found = await ran("import sys\nsys.exit(0)", "assert False")
    assert found.tests == ("AssertionError (line 1)",)
    with pytest.raises(NotRun, match="with status 0, and gave no result"):
        await ran("import os\nos._exit(0)", "assert False")


@fenced
async def test_a_result_that_code_writes_itself_does_not_count() -> None:
    forged = """
        import os
        for number in range(3, 64):
            try:
                os.write(number, b'{"word": "", "ran": {"raised": "", "tests": ["", ""]}}')
            except OSError:
                pass
        os._exit(0)
    """
    with pytest.raises(NotRun, match="gave no result"):
        await ran(forged, "assert False")


@fenced
@pytest.mark.parametrize(
    "source", ["while True: pass", "import time\ntime.sleep(3600)", "while True: print('x' * 10_000)"]
)
async def test_what_does_not_end_is_ended(source: str) -> None:
    with pytest.raises(NotRun, match="longer than it may") as stopped:
        await ran(source, where=sandbox(seconds=0.5))
    assert stopped.value.late


@fenced
async def test_what_ignores_the_signal_is_ended_all_the_same() -> None:
    stubborn = """
        import signal
        signal.setitimer(signal.ITIMER_REAL, 0)
        for each in (signal.SIGXCPU, signal.SIGALRM, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        while True: pass
    """
    with pytest.raises(NotRun):
        await ran(stubborn, where=sandbox(seconds=0.5))


@fenced
@pytest.mark.parametrize(
    "source",
    [
        "import os\nwhile True: os.fork()",
        "import subprocess\nsubprocess.run(['true'])",
        "import os\nos.execv('/bin/true', ['true'])",
        "import multiprocessing\nmultiprocessing.Process(target=print).start()",
        "import os\nos.posix_spawn('/bin/true', ['true'], {})",
    ],
)
async def test_no_process_can_be_started(source: str) -> None:
    assert "PermissionError" in (await ran(source)).raised


@fenced
async def test_threads_can_be_started() -> None:
    threads = "import threading\nt = threading.Thread(target=lambda: None)\nt.start()\nt.join()"
    assert (await ran(threads)).raised == ""


@fenced
async def test_memory_and_the_size_of_a_file_are_bounded() -> None:
    assert "MemoryError" in (await ran("x = 'a' * (1 << 30)")).raised
    assert "File too large" in (await ran("open('a', 'wb').write(b'x' * (20 << 20))")).raised


@fenced
@pytest.mark.parametrize("kind", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"])
async def test_no_socket_can_be_opened(kind: str) -> None:
    source = f"import socket\nsocket.socket(socket.{kind}, socket.SOCK_DGRAM)"
    assert "PermissionError" in (await ran(source)).raised


async def test_the_network_is_there_where_the_owner_allows_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket\nsocket.create_connection(('127.0.0.1', {port})).close()"
        assert (await ran(source, where=sandbox(network=True))).raised == ""


@fenced
async def test_files_outside_cannot_be_read_or_changed_and_those_inside_can(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("sk-1")
    for deed in (
        f"open({str(outside)!r})",
        f"open({str(outside)!r}, 'w')",
        f"open({str(tmp_path / 'new')!r}, 'w')",
        f"import os\nos.remove({str(outside)!r})",
        f"import os\nos.rename({str(outside)!r}, 'mine')",
        f"import os\nos.link({str(outside)!r}, 'mine')",
        f"import os\nos.chmod({str(outside)!r}, 0)",
        f"import os\nos.utime({str(outside)!r}, (0, 0))",
        f"import os\nos.truncate({str(outside)!r}, 0)",
        f"import os\nos.listdir({str(tmp_path)!r})",
        "open('/proc/self/environ')",
        "open('/etc/passwd')",
    ):
        assert "Error: [Errno" in (await ran(deed)).raised, deed
    assert outside.read_text() == "sk-1"
    assert os.listdir(tmp_path) == ["secret"]
    assert (await ran("open('mine', 'w').write('x')", "assert open('mine').read() == 'x'")).tests == ("",)


@fenced
async def test_no_other_process_can_be_reached() -> None:
    assert "PermissionError" in (await ran("import os\nos.kill(os.getppid(), 0)")).raised
    assert "PermissionError" in (await ran("import os\nos.pidfd_open(os.getppid())")).raised


@fenced
async def test_limits_cannot_be_raised() -> None:
    higher = "import resource as r\nr.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY, r.RLIM_INFINITY))"
    assert (await ran(higher)).raised != ""


async def test_nothing_of_our_environment_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    found = await ran("import os", "assert 'OPENAI_API_KEY' not in os.environ", where=sandbox(network=True))
    assert found.tests == ("",)


@fenced
async def test_its_folder_goes_away_with_it() -> None:
    left = await sandbox().run(Call("tests.stores.sandbox.functions:where_am_i", (), (str(Path(HERE).parents[2]),)))
    assert isinstance(left.value, str)
    assert "burnish-sandbox-" in left.value
    with pytest.raises(FileNotFoundError):
        os.stat(left.value)


async def test_whoever_stops_waiting_ends_it() -> None:
    connected, gone = asyncio.Event(), asyncio.Event()

    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        gone.set()
        writer.close()

    async with await asyncio.start_server(follow, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        source = f"import socket, time\ns = socket.create_connection(('127.0.0.1', {port}))\ntime.sleep(3600)"
        task = asyncio.create_task(sandbox(network=True).run(Code(source)))
        await connected.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gone.wait()


async def call(name: str, *arguments: str) -> Result:
    path = (str(Path(HERE).parents[2]),)
    return await sandbox().run(Call(f"tests.stores.sandbox.functions:{name}", arguments, path))


@fenced
async def test_a_function_is_called_by_its_name() -> None:
    assert (await call("shout", "hello")).value == "HELLO"
    assert (await call("nothing")).value is None


@fenced
@pytest.mark.parametrize(
    ("name", "raised"),
    [("breaks", "ValueError: no"), ("shout", "TypeError"), ("missing", "AttributeError"), ("odd", "gave back list")],
)
async def test_what_a_function_raises_is_told(name: str, raised: str) -> None:
    assert raised in (await call(name)).raised


def test_without_a_fence_nothing_runs_unless_the_owner_allows_the_network() -> None:
    def old_kernel() -> str:
        return "this kernel has no Landlock"

    with pytest.raises(NoFence, match="has no Landlock; `network: allowed` runs it all the same"):
        Sandbox(Limits(), old_kernel)
    Sandbox(Limits(network=True), old_kernel)


async def test_without_a_fence_time_and_memory_are_bounded_still() -> None:
    bare = Sandbox(Limits(0.5, network=True), lambda: "this kernel has no Landlock")
    with pytest.raises(NotRun):
        await bare.run(Code("while True: pass"))
    assert (
        "MemoryError"
        in (await ran("x = 'a' * (1 << 30)", where=Sandbox(Limits(30, network=True), lambda: "no"))).raised
    )
