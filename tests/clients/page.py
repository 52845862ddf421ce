"""Writes docs/clients.md from a run of the matrix: which client, in which version, what works, and how it is set up."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from tests.clients.matrix import CLIENTS, Client
from tests.clients.running import EXAMPLES, files_of, pointing_lines

PAGE: Final = Path(__file__).parents[2] / "docs/clients.md"

Shown: TypeAlias = Literal["streamed", "whole", "tools", "errors"]
SHOWN: Final[tuple[Shown, ...]] = ("streamed", "whole", "tools", "errors")

_HEAD = """\
# Clients

Each of these was run against `burnish serve` with nothing but a base URL and a key: in an environment of its own, in
the version that is named. It got an answer in pieces and one in one piece, let the model call tools of its own and sent
the results back, and said by its own kind of error what the provider refused, and that its key was wrong.
`make clients` runs them all and writes this page. – is what a client never asks for.

| client | version | API | streamed | whole | tool call | errors | provider |
|---|---|---|---|---|---|---|---|
"""
_LEGEND = """
The provider behind Burnish speaks the client's API (*same*), or chat completions alone, so that Burnish converts
(*chat*).

## The two lines

Whatever else a client is told, these point it at Burnish.

| client | lines |
|---|---|
"""
_REST = """
Anthropic's clients add `/v1` to the base URL themselves. [API](api.md) says what Burnish answers.

## What is missing

Every client that was wanted could be installed from its package registry. Three are not tried as they come:

- opencode's own package picks one of many for the system at hand, and not every registry has them all. Tried is its
  command for Linux on x64, from the package that carries it.
- qwen-code's optional packages are left out for that reason. It does without.
- aider gives a model no tools. It edits files by what the model writes and tells it what a command printed: that is
  its tool call here.
"""


class Run(NamedTuple):
    """A client before a provider that speaks its API or, converted, chat alone."""

    client: Client
    converted: bool


RUNS: Final = (
    *(Run(client, converted=False) for client in CLIENTS),
    *(Run(client, converted=True) for client in CLIENTS if client.api != "chat"),
)


def page(works: Mapping[tuple[Run, Shown], bool]) -> str:
    """`works` says for every run, and for all that is shown, whether it did."""
    return _HEAD + "".join(_row(client, works) for client in CLIENTS) + _LEGEND + two_lines() + _REST


def beginning_of_row(client: Client) -> str:
    api = client.api if client.example == client.api else f"{client.api}, {client.example}"
    return f"| [{client.name}]({_link(files_of(client))}) | {client.version} | {api} |"


def two_lines() -> str:
    """The rows of the second table: what of its example points a client at Burnish."""
    shown: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for client in CLIENTS:
        shown.setdefault((client.name, tuple(pointing_lines(client))), []).append(client.example)
    return "".join(
        f"| {name} ({', '.join(examples)}) | {'<br>'.join(f'`{line}`' for line in lines)} |\n"
        for (name, lines), examples in shown.items()
    )


def _row(client: Client, works: Mapping[tuple[Run, Shown], bool]) -> str:
    cells = [*(_cell(client, shown, works) for shown in SHOWN), "same" if client.api == "chat" else "same, chat"]
    return f"{beginning_of_row(client)} {' | '.join(cells)} |\n"


def _cell(client: Client, shown: Shown, works: Mapping[tuple[Run, Shown], bool]) -> str:
    if shown == "whole" and not client.whole:
        return "–"
    did = {run: works[run, shown] for run in RUNS if run.client == client}
    if all(did.values()):
        return "yes"
    failed = ["chat" if run.converted else "same" for run, worked in did.items() if not worked]
    return f"not: {', '.join(failed)}"


def _link(files: Iterable[Path]) -> str:
    first, *_ = files
    return f"../examples/clients/{first.relative_to(EXAMPLES)}"
