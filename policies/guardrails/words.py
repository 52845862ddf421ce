"""Lists of words as one expression: thousands cost hardly more than one."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from policies.guardrails.programs import literal
from policies.guardrails.syntax import Char, Choice, Edge, Node, Sequence

_Tree: TypeAlias = dict[str, "_Tree"]
_END: Final = ""
_NOT_OF_WORDS: Final = r"[^\pL\pM\pN_]"


def any_word(words: Iterable[str]) -> tuple[Node, str]:
    """In any case, and with no letter or digit before or after; spaces in a word are any one blank. As a tree, and as
    an expression whose group is the word."""
    tree: _Tree = {}
    for word in words:
        branch = tree
        for char in word:
            branch = branch.setdefault(char.casefold() if len(char.casefold()) == 1 else char, {})
        branch[_END] = {}
    before = Choice((Edge(r"\A"), Char(_NOT_OF_WORDS)))
    after = Choice((Edge(r"\z"), Char(_NOT_OF_WORDS)))
    found = _node(tree)
    return Sequence((before, found, after)), f"{before.source}({found.source}){after.source}"


def _node(tree: _Tree) -> Node:
    branches: list[Node] = []
    for char, below in tree.items():
        if char == _END:
            branches.append(Sequence(()))
            continue
        rest = _node(below)
        one = Char(r"\s" if char.isspace() else f"(?i:{literal(char)})")
        branches.append(Sequence((one, *rest.items) if isinstance(rest, Sequence) else (one, rest)))
    return branches[0] if len(branches) == 1 else Choice(tuple(branches))
