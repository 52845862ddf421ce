"""Whether the arguments explain a failure: calls of that shape fail, those of other shapes do not.

Then the tool works, and is not to blame; a note may help.
"""

from typing import Final

from policies.tools.reliability import share
from policies.tools.state import ToolState

_SEEN: Final = 5.0
"""Calls of the shape, and of others, that it takes to tell."""


def explained(tool: ToolState, shape: str) -> bool:
    """As far as the shape's own figures are surely worse than those of all others together."""
    mine = tool.shapes.get(shape)
    if mine is None or len(tool.shapes) < 2 or mine.reliability.seen < _SEEN:
        return False
    others = [figures.reliability for name, figures in tool.shapes.items() if name != shape]
    bad, seen = sum(each.bad for each in others), sum(each.seen for each in others)
    if seen < _SEEN:
        return False
    return share(mine.reliability.bad, mine.reliability.seen)[0] > share(bad, seen)[1]
