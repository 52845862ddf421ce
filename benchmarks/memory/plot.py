"""The plot: the shares of harmful and of other answers that are retired, by call, a panel each, as SVG."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from xml.sax.saxutils import escape

from benchmarks.memory.cases import CASES, POINTS, Game
from benchmarks.memory.methods import TITLES
from benchmarks.memory.worlds import CALLS
from benchmarks.stats import percentile

_WIDTH, _LEFT, _RIGHT, _HEIGHT, _TITLE, _FOOT = 860, 60, 290, 200, 34, 44
_COLOURS = {"burnish": "#2f6f8f", "peeking": "#c2714f", "counting": "#7a9a3b"}
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .mark { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .mark { fill: #9198a1 }
    .grid { stroke: #3d444d } .paper { fill: #0d1117 }
  }
"""


def plot(played: Mapping[str, Sequence[Game]]) -> str:
    """Lines are means over the seeds; the shade holds the middle nine tenths of them."""
    panels = [
        ("Harmful answers retired, 4 of 40", "memory", "found"),
        ("Good answers retired, 36 of 40", "memory", "flagged"),
        ("Answers retired where none does anything, 8 of 40 belong to hard questions", "hard", "flagged"),
    ]
    parts: list[str] = []
    top = 8
    for title, world, figure in panels:
        cases = [name for name in played if name.startswith(f"{world}_")]
        if cases:
            curves = {CASES[name].method or "": [getattr(game, figure) for game in played[name]] for name in cases}
            parts += _panel(title, curves, top)
            top += _TITLE + _HEIGHT + _FOOT
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Answers retired by call">'
    paper = '<rect class="paper" width="100%" height="100%"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", paper, *parts, "</svg>\n"])


def _panel(title: str, curves: Mapping[str, Sequence[Sequence[float]]], top: int) -> list[str]:
    head, foot = top + _TITLE, top + _TITLE + _HEIGHT
    end = _WIDTH - _RIGHT
    parts = [f'<text class="title" x="12" y="{top + 20}">{escape(title)}</text>']
    for step in range(5):
        y = _y(step / 4, head)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{end}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="mark" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{step / 4:.0%}</text>')
        calls = CALLS * step // 4
        parts.append(f'<text class="mark" x="{_x(calls)}" y="{foot + 16}" text-anchor="middle">{calls:,}</text>')
    for row, (method, games) in enumerate(curves.items()):
        colour = _COLOURS[method]
        parts += _curve(games, colour, head)
        y = head + 14 + 20 * row
        parts.append(f'<rect x="{end + 14}" y="{y - 9}" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(f'<text class="mark" x="{end + 32}" y="{y + 1}">{escape(TITLES[method])}</text>')
    return parts


def _curve(games: Sequence[Sequence[float]], colour: str, head: int) -> list[str]:
    columns = list(zip(*games, strict=True))
    calls = [CALLS * (point + 1) // POINTS for point in range(len(columns))]
    low, middle, high = (
        [f"{_x(call)},{_y(of(column), head)}" for call, column in zip(calls, columns, strict=True)]
        for of in (lambda column: percentile(column, 0.05), fmean, lambda column: percentile(column, 0.95))
    )
    return [
        f'<polygon points="{" ".join([*high, *reversed(low)])}" fill="{colour}" fill-opacity="0.12"/>',
        f'<polyline points="{" ".join(middle)}" fill="none" stroke="{colour}" stroke-width="2"/>',
    ]


def _x(call: float) -> float:
    return round(_LEFT + call / CALLS * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float, head: int) -> float:
    return round(head + _HEIGHT * (1 - share), 1)
