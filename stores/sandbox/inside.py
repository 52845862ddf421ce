"""The process inside the fence: reads its job, gives up what it will not need, does the job and says what came of it.

Started as `python -I -m stores.sandbox.inside`, the job on its standard input. It says nothing but its result: what
the code prints goes nowhere, however much it is.
"""

import contextlib
import importlib
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from stores.sandbox import fences
from stores.sandbox.job import Call, Code, Job, Ran, Result

_SAID = 500
"""Characters of an error that are told."""
_PROCESSES = 256
"""Of the user's, in all, where nothing else keeps code from starting some."""


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    tell = _quietly()
    _limit(job)
    if job.fenced:
        fences.die_with_parent()
        fences.fence_files(job.readable, [job.folder, os.devnull])
        fences.fence_calls(network=job.limits.network)
    match job.work:
        case Code() as code:
            result = Result(job.word, ran=_run(code))
        case Call() as call:
            result = _call(job.word, call)
    tell(msgspec.json.encode(result))
    # What the code has left behind, such as a thread, is not waited for.
    os._exit(0)


def _quietly() -> Callable[[bytes], None]:
    """Sends what is printed from here on to nowhere; what is returned writes to where it would have gone."""
    result = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)

    def tell(data: bytes) -> None:
        with open(result, "wb") as there:
            there.write(data)

    return tell


def _limit(job: Job) -> None:
    limits = job.limits
    seconds = math.ceil(limits.seconds)
    bounds = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
    }
    if not job.fenced:
        bounds[resource.RLIMIT_NPROC] = _PROCESSES
    for what, value in bounds.items():
        # More than is allowed already cannot be asked for.
        _, most = resource.getrlimit(what)
        soft = value if most == resource.RLIM_INFINITY else min(value, most)
        # A second later the kernel ends what takes no heed of the signal.
        resource.setrlimit(what, (soft, soft + (what == resource.RLIMIT_CPU and soft != most)))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)


def _run(code: Code) -> Ran:
    names: dict[str, Any] = {"__name__": "answer"}
    raised = _raised(code.source, names)
    if raised:
        return Ran(raised)
    return Ran("", tuple(_raised(test, names) for test in code.tests))


def _raised(source: str, names: dict[str, Any]) -> str:
    try:
        exec(compile(source, "<answer>", "exec"), names)
    except SystemExit:
        return ""
    except BaseException as error:
        return _told(error)
    return ""


def _call(word: str, call: Call) -> Result:
    sys.path[:0] = [entry for entry in call.path if entry not in sys.path]
    module, _, name = call.function.partition(":")
    try:
        value = getattr(importlib.import_module(module), name)(*call.arguments)
    except BaseException as error:
        return Result(word, raised=_told(error))
    if value is None or isinstance(value, bool | int | float | str):
        return Result(word, value=value)
    return Result(word, raised=f"gave back {type(value).__name__}, and not None, a number or a text")


def _told(error: BaseException) -> str:
    with contextlib.suppress(Exception):
        line = traceback.format_exception_only(error)[-1].strip()
        places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<answer>"]
        where = f" (line {places[-1]})" if places else ""
        return f"{line[:_SAID]}{where}"
    return type(error).__name__


if __name__ == "__main__":
    main()
