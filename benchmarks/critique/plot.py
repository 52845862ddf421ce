"""The plot: for each world, in which share of the seeds critique is on, call by call, as SVG."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from benchmarks.critique.cases import Game
from benchmarks.critique.worlds import TITLES, WORLDS

_WIDTH, _LEFT, _RIGHT, _ROW, _GAP, _TOP = 860, 20, 20, 44, 40, 60
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .mark { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .paper { fill: #ffffff } .on { fill: #2f6f8f }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .mark { fill: #9198a1 } .grid { stroke: #3d444d } .paper { fill: #0d1117 }
  }
"""


def plot(games: Mapping[str, Sequence[Game]]) -> str:
    """By world; the height of the blue is the share of seeds."""
    height = _TOP + (_ROW + _GAP) * len(games)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    title = "Share of seeds in which critique is on"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">',
        f"<style>{_STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        f'<text class="title" x="{_LEFT}" y="22">{title}</text>',
    ]
    for row, (world, played) in enumerate(games.items()):
        foot = _TOP + (_ROW + _GAP) * row + _ROW
        parts.append(f'<text class="mark" x="{_LEFT}" y="{foot - _ROW - 6}">{TITLES[world]}</text>')
        parts.append(_area(played, foot))
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{foot}" y2="{foot}"/>')
        parts.append(
            f'<text class="mark" x="{_WIDTH - _RIGHT}" y="{foot + 14}" text-anchor="end">'
            f"{WORLDS[world].calls:,} calls</text>"
        )
    return "\n".join([*parts, "</svg>\n"])


def _area(games: Sequence[Game], foot: int) -> str:
    points = len(games[0].was_on)
    corners = [f"{_x(0)},{foot}", f"{_x(0)},{foot - _ROW}"]
    for point in range(points):
        share = fmean(game.was_on[point] for game in games)
        corners.append(f"{_x((point + 1) / points)},{round(foot - _ROW * share, 1)}")
    return f'<polygon class="on" points="{" ".join([*corners, f"{_x(1)},{foot}"])}"/>'


def _x(part: float) -> float:
    return round(_LEFT + part * (_WIDTH - _LEFT - _RIGHT), 1)
