"""What a process can take from itself for good, as any user: files (Landlock), network, other processes (seccomp).

No namespaces, and so no need of the right to make them, which containers and some distributions withhold. Landlock
leaves a few ways to change a file's metadata open; seccomp closes those. Sources: landlock(7) and seccomp(2).
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from stores.sandbox import calls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER, _DIE_WITH_PARENT = 38, 22, 2, 1
_EPERM, _ENOSYS, _EFAULT, _SIGKILL = 1, 38, 14, 9

_READ_FILE, _READ_DIR, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_ON_FILES: Final = 1 << 0 | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
"""By the version of Landlock, all that it can deny; from 5 on it is sixteen rights."""
_ALL: Final = (1 << 16) - 1

_CLONE_THREAD: Final = 0x10000
_X32: Final = 0x40000000


class _Machine(NamedTuple):
    """`audit` is the kernel's name for it, `place` that of its numbers in the tables of calls."""

    audit: int
    place: int


_MACHINES: Final = {"x86_64": _Machine(0xC000003E, 0), "aarch64": _Machine(0xC00000B7, 1)}


def missing() -> str:
    """Why this machine cannot fence a process in; "" where it can. Asks the kernel, and changes nothing."""
    if sys.platform != "linux":
        return f"only Linux can fence a process in, and this is {sys.platform}"
    if platform.machine() not in _MACHINES:
        return f"the fence is not known for {platform.machine()} machines"
    if _landlock() < 1:
        return "this kernel has no Landlock (Linux 5.13 and newer have it; see /sys/kernel/security/lsm)"
    # A filter at no address cannot be set: where filters are known, it is the address that is wrong.
    if _libc().prctl(_SET_SECCOMP, _FILTER, 0, 0, 0) == 0 or ctypes.get_errno() != _EFAULT:
        return "this kernel, or the container, allows no seccomp filters"
    return ""


def die_with_parent() -> None:
    _libc().prctl(_DIE_WITH_PARENT, _SIGKILL, 0, 0, 0)


def fence_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """From here on these folders and files can be read, those read and written, and nothing else opened or changed."""
    libc, version = _libc(), _landlock()
    rights = _RIGHTS.get(version, _ALL)
    attributes = struct.pack("Q", rights)
    ruleset = _done(libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    for paths, allowed in ((readable, _READ_FILE | _READ_DIR), (writable, rights)):
        for path in paths:
            if not Path(path).exists():
                continue
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            granted = allowed if Path(path).is_dir() else allowed & _ON_FILES
            rule = struct.pack("=Qi", granted & rights, beneath)
            _done(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
            os.close(beneath)
    _no_new_privileges()
    _done(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def fence_calls(*, network: bool) -> None:
    """From here on no process can be started, traced, or sent a signal, no limit raised, and no socket opened unless
    `network`. What is tried all the same fails with EPERM."""
    machine = _MACHINES[platform.machine()]
    program = _program(machine, os.getpid(), network=network)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    _no_new_privileges()
    _done(_libc().prctl(_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0))


def _program(machine: _Machine, pid: int, *, network: bool) -> bytes:
    """In the instructions of the classic packet filter: (code, jump if true, jump if false, constant)."""
    load, equal, at_least, any_bit, end = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, deny, unknown, kill = 0x7FFF0000, 0x00050000 | _EPERM, 0x00050000 | _ENOSYS, 0x80000000
    number, architecture, first_argument = 0, 4, 16
    lines = [(load, 0, 0, architecture), (equal, 1, 0, machine.audit), (end, 0, 0, kill), (load, 0, 0, number)]
    # The same machine's other set of calls has other numbers.
    lines += [(at_least, 0, 1, _X32), (end, 0, 0, deny)]
    denied = [*calls.DENIED.values(), *([] if network else [calls.SOCKET])]
    for numbers in denied:
        if (call := numbers[machine.place]) is not None:
            lines += [(equal, 0, 1, call), (end, 0, 0, deny)]
    # The C library then falls back to the older call, whose arguments can be looked at.
    lines += [(equal, 0, 1, calls.CLONE3), (end, 0, 0, unknown)]
    # Only threads may be made, and only the process itself be sent a signal.
    for numbers, test, value in ((calls.CLONE, any_bit, _CLONE_THREAD), (calls.TGKILL, equal, pid)):
        lines += [(equal, 0, 4, numbers[machine.place] or 0), (load, 0, 0, first_argument), (test, 1, 0, value)]
        lines += [(end, 0, 0, deny), (end, 0, 0, allow)]
    lines += [(end, 0, 0, allow)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _landlock() -> int:
    """Its version; below 1 where there is none."""
    return int(_libc().syscall(_CREATE_RULESET, None, 0, _VERSION))


def _no_new_privileges() -> None:
    _done(_libc().prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _done(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
