"""The chain does not know which API a client speaks: no line of it, nor of the policies, names one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.wire.formats import FORMATS

ROOT = Path(__file__).parents[2]
FILES = sorted(file for folder in ("middleware", "policies") for file in (ROOT / folder).rglob("*.py"))
NAMES = {*FORMATS, *(format.path for format in FORMATS.values()), "openai", "anthropic", "api"} - {"messages"}
"""`messages` is also what a conversation is made of: of it, only comparisons would be a branch."""


def said_in(tree: ast.AST) -> Iterator[str]:
    """All names and texts of a program but for what documents it."""
    documented = {
        id(body[0].value)
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list) and body and isinstance(body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in documented:
                yield text
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name


def compared_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue):
            yield from (str(each.value) for each in ast.walk(node) if isinstance(each, ast.Constant))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_line_of_the_chain_or_of_a_policy_knows_which_api_a_client_speaks(file: Path) -> None:
    tree = ast.parse(file.read_text())
    assert NAMES.isdisjoint(said_in(tree))
    assert "messages" not in set(compared_in(tree))
