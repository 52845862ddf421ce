"""What may still become a match: the expression of all beginnings of an expression's matches, the empty one included.

At the end of a text that goes on, the leftmost of them is where a stream has to wait, and nothing before has to.
"""

from typing import Final

from policies.guardrails.syntax import Char, Choice, Edge, Node, Repeat, Sequence

KEPT: Final = 6
"""A loosened expression counts up to here, so on texts of no more characters it is as good as the exact one."""


def beginnings(node: Node) -> Node:
    """Of `abc`: `(?:a(?:b(?:c)?)?)?`. An edge such as `\\b` is only looked at where something follows it: at the end of
    what is there it is not known yet."""
    match node:
        case Char():
            return Repeat(node, 0, 1)
        case Edge():
            return Sequence(())
        case Choice():
            return Choice(tuple(map(beginnings, node.items)))
        case Repeat(item, _, highest):
            if isinstance(item, Char):
                return Repeat(item, 0, highest)
            before = None if highest is None else max(highest - 1, 0)
            return Sequence((Repeat(item, 0, before), beginnings(item))) if highest != 0 else Sequence(())
        case Sequence(items):
            begun: Node = Sequence(())
            for item in reversed(items):
                if isinstance(item, (Char, Edge)):
                    begun = Repeat(Sequence((item, begun)), 0, 1)
                else:
                    begun = Choice((beginnings(item), Sequence((item, begun))))
            return begun


def loosened(node: Node) -> Node:
    """An expression that matches at least where this one does, and does not count far: what counts takes RE2 a state
    for each number it may have come to, in all combinations."""
    match node:
        case Sequence(items):
            return Sequence(tuple(map(loosened, items)))
        case Choice(items):
            return Choice(tuple(map(loosened, items)))
        case Repeat(item, lowest, highest):
            far = highest is None or highest > KEPT
            return Repeat(loosened(item), min(lowest, KEPT), None if far else highest)
        case _:
            return node
