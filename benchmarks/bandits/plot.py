"""The plot: mean regret by pull, a panel a world, as SVG."""

from collections.abc import Sequence
from statistics import fmean
from xml.sax.saxutils import escape

from benchmarks.bandits.cases import CASES
from benchmarks.bandits.figures import BOUND, Games
from benchmarks.bandits.play import POINTS, Game
from benchmarks.bandits.worlds import HORIZON
from benchmarks.stats import percentile

_WIDTH, _LEFT, _RIGHT, _HEIGHT, _TITLE, _FOOT = 860, 60, 250, 240, 34, 44
_PANELS = (
    ("Five arms: regret", ("thompson", "batched", "delayed", "kl_ucb", "still"), 240.0),
    ("The best arm swaps after 5,000 pulls: regret", ("swap_plain", "swap"), 1_000.0),
)
_PLAIN, _RESTARTING = "#2f6f8f", "#c2714f"
_COLOURS = {
    "thompson": _PLAIN,
    "swap_plain": _PLAIN,
    "still": _RESTARTING,
    "swap": _RESTARTING,
    "batched": "#7a9a3b",
    "delayed": "#8a6fb0",
    "kl_ucb": "#b0894a",
}
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .mark { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .bound { stroke: #59636e; stroke-dasharray: 4 4 } .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .mark { fill: #9198a1 }
    .grid { stroke: #3d444d } .bound { stroke: #9198a1 } .paper { fill: #0d1117 }
  }
"""


def plot(games: Games) -> str:
    """Lines are means over the seeds; the shade holds the middle nine tenths of them."""
    parts: list[str] = []
    top = 8
    for title, cases, most in _PANELS:
        played = [case for case in cases if case in games]
        if played:
            parts += _panel(title, played, games, most, top)
            top += _TITLE + _HEIGHT + _FOOT
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Regret by pull">'
    paper = '<rect class="paper" width="100%" height="100%"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", paper, *parts, "</svg>\n"])


def _panel(title: str, cases: Sequence[str], games: Games, most: float, top: int) -> list[str]:
    head, foot = top + _TITLE, top + _TITLE + _HEIGHT
    end = _WIDTH - _RIGHT
    parts = [f'<text class="title" x="12" y="{top + 20}">{escape(title)}</text>']
    for step in range(5):
        level = most * step / 4
        y = _y(level, most, head)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{end}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="mark" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{level:g}</text>')
        pulls = HORIZON * step // 4
        parts.append(f'<text class="mark" x="{_x(pulls)}" y="{foot + 16}" text-anchor="middle">{pulls:,}</text>')
    if not any(CASES[case].world.changes for case in cases):
        y = _y(BOUND, most, head)
        parts.append(f'<line class="bound" x1="{_LEFT}" x2="{end}" y1="{y}" y2="{y}"/>')
        text = f"Lai-Robbins bound at {HORIZON:,}"
        parts.append(f'<text class="mark" x="{_x(3_000)}" y="{y - 5}">{text}</text>')
    for row, case in enumerate(cases):
        colour = _COLOURS[case]
        parts += _curve(games[case], colour, most, head)
        y = head + 14 + 20 * row
        parts.append(f'<rect x="{end + 14}" y="{y - 9}" width="12" height="12" rx="2" fill="{colour}"/>')
        label = CASES[case].title.removesuffix(", best arm swaps").removesuffix(", nothing changes")
        parts.append(f'<text class="mark" x="{end + 32}" y="{y + 1}">{escape(label)}</text>')
    return parts


def _curve(games: Sequence[Game], colour: str, most: float, head: int) -> list[str]:
    columns = list(zip(*(game.regret for game in games), strict=True))
    pulls = [HORIZON * (point + 1) // POINTS for point in range(len(columns))]
    low, middle, high = (
        [f"{_x(pull)},{_y(of(column), most, head)}" for pull, column in zip(pulls, columns, strict=True)]
        for of in (lambda column: percentile(column, 0.05), fmean, lambda column: percentile(column, 0.95))
    )
    return [
        f'<polygon points="{" ".join([*high, *reversed(low)])}" fill="{colour}" fill-opacity="0.12"/>',
        f'<polyline points="{" ".join(middle)}" fill="none" stroke="{colour}" stroke-width="2"/>',
    ]


def _x(pull: float) -> float:
    return round(_LEFT + pull / HORIZON * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(level: float, most: float, head: int) -> float:
    """What is off the scale lies at its end."""
    return round(head + _HEIGHT * (1 - min(level, most) / most), 1)
