"""Each mistake that keeps Burnish from starting is one clear line on the command line, with exit code 1."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from burnish import cli

PLUGIN: Final = """
class Shout:
    def __init__(self, settings, services):
        {init}
    async def __call__(self, exchange, call_next):
        return await call_next(exchange)
"""


def written(
    *steps: str, listen: str = "127.0.0.1:0", records: str = "./data", provider: str = "", agent: str = ""
) -> str:
    """A configuration that is valid as it stands. The steps are on line 6."""
    return f"""\
version: 1
server: {{listen: "{listen}"}}
providers: {{local: {{base_url: "http://127.0.0.1:9"{provider}}}}}
models: {{fast: {{provider: local, model: small}}}}
records: {{dir: "{records}"}}
agents: {{support: {{models: {{default: fast}}, middleware: [{", ".join(steps)}]{agent}}}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, from which plugins are imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("shout", "shout_settings"):
        sys.modules.pop(name, None)


def plugin(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "shout.py").write_text(text)


def nothing(folder: Path) -> None:
    pass


AT: Final = "burnish.yaml:6: agents.support.middleware[0]"
BROKEN: Final[dict[str, tuple[str | bytes, Callable[[Path], object], str]]] = {
    "another version": ("version: 2\n", nothing, "burnish.yaml:1: version: expected 1, got 2"),
    "nothing": ("", nothing, "burnish.yaml:1: expected a mapping that begins with version: 1"),
    "no YAML": ("version: [1\n", nothing, "burnish.yaml:2: is not YAML: "),
    "no text": (b"version: \xff\n", nothing, "burnish.yaml:1: is not UTF-8 text"),
    "NUL": (b"version: 1\0\n", nothing, "burnish.yaml: is not YAML: unacceptable character"),
    "more than a megabyte": (b"#" * (2**20 + 1), nothing, "burnish.yaml: cannot be read (it is larger than 1 MiB)"),
    "ten thousand levels": ("version: " + "[" * 10_000, nothing, "burnish.yaml:1: is nested deeper than 32 levels"),
    "aliases that multiply": (
        "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n",
        nothing,
        "unfolds into too many values",
    ),
    "a misspelt key": (
        written().replace("listen:", "lisen:"),
        nothing,
        "burnish.yaml:2: server.lisen: unknown key; did",
    ),
    "a number without an end": (
        "version: 1\nserver: {queue: " + "9" * 5000 + "}\n",
        nothing,
        "burnish.yaml:2: server.queue: expected a finite number",
    ),
    "a port that is none": (
        written(listen="127.0.0.1:99999"),
        nothing,
        "burnish.yaml:2: server.listen: expected HOST:",
    ),
    "a secret in plain sight": (
        written(provider=", api_key: sk-abc"),
        nothing,
        "burnish.yaml:3: providers.local.api_key: a credential may not stand in the file; write ${env:NAME}",
    ),
    "a secret file that is not there": (
        written(provider=', api_key: "${file:key}"'),
        nothing,
        "burnish.yaml:3: providers.local.api_key: file key is missing or empty; set it",
    ),
    "a secret file that cannot be read": (
        written(provider=', api_key: "${file:key}"'),
        lambda folder: (folder / "key").mkdir(),
        "burnish.yaml:3: providers.local.api_key: file key cannot be read (Is a directory)",
    ),
    "a variable that is not set": (
        written(provider=', api_key: "${env:BURNISH_TEST_UNSET}"'),
        nothing,
        "burnish.yaml:3: providers.local.api_key: environment variable BURNISH_TEST_UNSET is not set; set it",
    ),
    "a provider that does not exist": (
        written().replace("provider: local", "provider: locale"),
        nothing,
        "burnish.yaml:4: models.fast.provider: no provider called 'locale'; did you mean 'local'?",
    ),
    "a step that does not exist": (written("shout"), nothing, f"{AT}: no middleware called 'shout'; there are "),
    "a plugin that is not there": (
        written('"shout:Shout"'),
        nothing,
        f"{AT}: cannot load step 'shout:Shout': No module",
    ),
    "a plugin without the class": (
        written('"shout:Shout"'),
        plugin(""),
        f"{AT}: cannot load step 'shout:Shout': module 'shout' has no attribute 'Shout'",
    ),
    "a plugin that is no Python": (
        written('"shout:Shout"'),
        plugin("def ("),
        f"{AT}: step 'shout:Shout' does not import: SyntaxError: invalid syntax (shout.py, line 1)",
    ),
    "a plugin that fails": (
        written('"shout:Shout"'),
        plugin("raise RuntimeError('no\\nluck')"),
        f"{AT}: step 'shout:Shout' does not import: RuntimeError: no luck",
    ),
    "a plugin that ends the process": (
        written('"shout:Shout"'),
        plugin("raise SystemExit(3)"),
        f"{AT}: step 'shout:Shout' does not import: SystemExit: 3",
    ),
    "a plugin that is no class": (
        written('"shout:Shout"'),
        plugin("Shout = 1"),
        f"{AT}: middleware 'shout:Shout' is not a class",
    ),
    "a plugin that is no step": (
        written('"shout:Shout"'),
        plugin("class Shout: pass"),
        f"{AT}: middleware 'shout:Shout': Shout needs `async def __call__(self, exchange, call_next)`",
    ),
    "settings that a plugin does not have": (
        written('"shout:Shout": {loud: true}'),
        plugin(PLUGIN.format(init="pass")),
        f"{AT}.loud: unknown key",
    ),
    "settings of a step that are wrong": (
        written("variant_routing: {policy: {fixed: terse}}"),
        nothing,
        f"{AT}.policy: there is no variant 'terse'; there are base",
    ),
    "a setting of the wrong type": (
        written("variant_routing: {sticky: often}"),
        nothing,
        f"{AT}.sticky: expected 'session', 'user' or 'call', got 'often'",
    ),
}


@pytest.mark.parametrize(("text", "prepare", "says"), BROKEN.values(), ids=BROKEN)
def test_check_tells_the_mistake_in_one_line(
    folder: Path, capfd: pytest.CaptureFixture[str], text: str | bytes, prepare: Callable[[Path], object], says: str
) -> None:
    (folder / "burnish.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    prepare(folder)
    with pytest.raises(SystemExit) as ended:
        cli.main(["config", "check", "--config", "burnish.yaml"])
    told = capfd.readouterr()
    assert (ended.value.code, told.out) == (1, "")
    (line,) = told.err.splitlines()
    assert says in line


def burnish(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("burnish")), *arguments, "--config", "burnish.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=60, env=environment)


@pytest.mark.parametrize("command", [("config", "check"), ("config", "show"), ("serve",)], ids=" ".join)
def test_every_command_that_reads_the_file_tells_so(folder: Path, command: tuple[str, ...]) -> None:
    ended = burnish(folder, *command)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "burnish.yaml: cannot be read (No such file or directory)\n"
    (folder / "burnish.yaml").write_text(written("shout"))
    ended = burnish(folder, *command)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{AT}: no middleware called 'shout'")


def in_records(name: str, data: bytes | None) -> Callable[[Path], object]:
    """Puts a file into the folder of the records, or a folder where there is no `data`."""

    def prepare(folder: Path) -> None:
        path = folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        if data is None:
            path.mkdir()
        else:
            path.write_bytes(data)

    return prepare


KEYS: Final = "data/keys.yaml: "
UNSERVABLE: Final[dict[str, tuple[str, Callable[[Path], object], str]]] = {
    "an address of another machine": (
        written(listen="203.0.113.1:8400"),
        nothing,
        "cannot listen on 203.0.113.1:8400: Cannot assign requested address; change server.listen, or stop what",
    ),
    "records that are a file": (
        written(),
        lambda folder: (folder / "data").write_text(""),
        "data: File exists; set records.dir to a writable folder",
    ),
    "records below a file": (
        written(records="data/records"),
        lambda folder: (folder / "data").write_text(""),
        "data/records: Not a directory; set records.dir to a writable folder",
    ),
    "records where nobody may write": (
        written(records="/proc/records"),
        nothing,
        "/proc/records: No such file or directory; set records.dir to a writable folder",
    ),
    "a journal that is a file": (
        written(),
        in_records("journal", b""),
        "data/journal: File exists; set records.dir to a writable folder",
    ),
    "keys that are no YAML": (
        written(),
        in_records("keys.yaml", b"["),
        f"{KEYS}is not YAML (while parsing a flow node",
    ),
    "keys that are no hashes": (
        written(),
        in_records("keys.yaml", b"support: [bn-plain]"),
        f"{KEYS}expected agents, each with a list of sha256: hashes; mend it or delete it",
    ),
    "keys that cannot be read": (
        written(),
        in_records("keys.yaml", None),
        f"{KEYS}cannot be read (Is a directory); mend it or delete it",
    ),
    "a secret cut short": (
        written(),
        in_records("secret", b"x"),
        "data/secret holds 1 bytes instead of 32; restore it",
    ),
    "a plugin that cannot be built": (
        written('"shout:Shout"'),
        plugin(PLUGIN.format(init="raise OSError('the dictionary is gone')")),
        "agent 'support': step 'shout:Shout' cannot be built: OSError: the dictionary is gone",
    ),
}


@pytest.mark.parametrize(("text", "prepare", "says"), UNSERVABLE.values(), ids=UNSERVABLE)
def test_serve_tells_in_one_line_why_it_cannot_start(
    folder: Path, text: str, prepare: Callable[[Path], object], says: str
) -> None:
    (folder / "burnish.yaml").write_text(text)
    prepare(folder)
    ended = burnish(folder, "serve", "--workers", "2")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"burnish serve: {says}")


def test_serve_tells_that_its_port_is_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (folder / "burnish.yaml").write_text(written(listen=address))
        ended = burnish(folder, "serve")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"burnish serve: cannot listen on {address}: Address already in use; change server.listen, or stop what listens"
        " there\n"
    )
