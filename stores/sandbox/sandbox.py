"""Runs a job in a process of its own, and ends that process whatever it does."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import site
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from typing import Final

import msgspec

from stores.sandbox import fences
from stores.sandbox.job import Call, Code, Job, Limits, Result

_RESULT: Final = 64 << 10
"""Bytes; no honest result is longer."""
_START: Final = 5.0
"""Seconds that a process may take, beyond its own, to start and to be read."""
_SYSTEM: Final = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime"),
    *("/dev/urandom", "/dev/zero", "/dev/null"),
)
"""What can be read of the system."""


class NoFence(Exception):
    """This machine cannot keep what is run from the network and the files; the message says why, and what to do."""


class NotRun(Exception):
    """The job came to no result; the message says why. `late`: for want of time."""

    def __init__(self, why: str, *, late: bool = False) -> None:
        super().__init__(why)
        self.late = late


class Sandbox:
    """Guaranteed, where the machine can fence (any user, Linux 5.13 and newer, x86-64 and arm64): no socket, no other
    process started or reached, no file opened or changed outside a folder of its own save for reading Python and the
    system's libraries, none of our environment. Guaranteed everywhere: time, memory, the size of each file, and that
    nothing it prints is kept. Not guaranteed: that the kernel has no hole; for code that is meant to break out, run all
    of Burnish in a virtual machine. Nor that code does not cheat: it runs beside the tests that judge it.

    Raises `NoFence`, unless `limits` allow the network: then it makes do with what there is.
    """

    def __init__(self, limits: Limits, missing: Callable[[], str] = fences.missing) -> None:
        why = missing()
        if why and not limits.network:
            raise NoFence(f"{why}; `network: allowed` runs it all the same, with nothing to keep it from the network")
        self._limits = limits
        self._fenced = not why

    async def run(self, work: Code | Call) -> Result:
        """Raises `NotRun`."""
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="burnish-sandbox-")
        try:
            return await self._run(work, folder)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def _run(self, work: Code | Call, folder: str) -> Result:
        word = secrets.token_hex(16)
        own = work.path if isinstance(work, Call) else ()
        job = Job(word, self._limits, (*_SYSTEM, *_python(), *own), folder, self._fenced, work)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", "-X", "utf8", "-m", "stores.sandbox.inside"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._limits.seconds + _START):
                said = await _exchange(process, msgspec.json.encode(job))
        except TimeoutError:
            raise NotRun("it took longer than it may", late=True) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
        return _read(said, word, process.returncode or 0)


async def _exchange(process: asyncio.subprocess.Process, job: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(job)
        await process.stdin.drain()
    process.stdin.close()
    said = bytearray()
    while len(said) <= _RESULT and (more := await process.stdout.read(_RESULT)):
        said += more
    return bytes(said)


def _read(said: bytes, word: str, code: int) -> Result:
    try:
        result = msgspec.json.decode(said, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError):
        result = None
    if result is not None and result.word == word:
        return result
    if code in (-signal.SIGALRM, -signal.SIGXCPU):
        raise NotRun("it took longer than it may", late=True)
    raise NotRun(f"it ended its process, with {_ending(code)}, and gave no result")


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _python() -> tuple[str, ...]:
    """The folders of the interpreter and of what is installed for it."""
    return (sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values(), *site.getsitepackages())
