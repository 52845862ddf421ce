"""One holder at a time, whatever happens to it."""

import os
import signal
from pathlib import Path

from stores.lease import Lease


def test_one_holds_a_lease_at_a_time(tmp_path: Path) -> None:
    first, second = Lease(tmp_path / "lock"), Lease(tmp_path / "lock")
    assert first.take()
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()


def test_the_holder_is_known_by_its_pid(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "lock")
    assert lease.holder() is None
    lease.take()
    assert Lease(tmp_path / "lock").holder() == os.getpid()
    lease.release()


def test_a_lease_whose_holder_is_killed_is_free(tmp_path: Path) -> None:
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        Lease(tmp_path / "lock").take()
        lease = Lease(tmp_path / "other")
        lease.take()
        os.write(tell, b"!")
        signal.pause()
    os.read(told, 1)
    mine = Lease(tmp_path / "other")
    taken_from_the_living = mine.take()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert (taken_from_the_living, mine.take()) == (False, True)
    mine.release()
