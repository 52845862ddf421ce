"""The plot: for each tool, in which share of the seeds its breaker is not closed, tick by tick, as SVG."""

from collections.abc import Sequence
from statistics import fmean

from benchmarks.tools.cases import POINTS, Game
from benchmarks.tools.worlds import TICKS, TOOLS

_WIDTH, _LEFT, _RIGHT, _ROW, _GAP, _TOP = 860, 70, 20, 44, 14, 40
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .mark { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .paper { fill: #ffffff }
  .fault { fill: #c2714f; fill-opacity: 0.22 } .open { fill: #2f6f8f }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .mark { fill: #9198a1 } .grid { stroke: #3d444d } .paper { fill: #0d1117 }
  }
"""


def plot(games: Sequence[Game]) -> str:
    """Faults are shaded in red; the height of the blue is the share of seeds."""
    tools = range(len(TOOLS.base))
    height = _TOP + (_ROW + _GAP) * len(tools) + 24
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    title = "Share of seeds in which each tool's breaker is not closed"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">',
        f"<style>{_STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        f'<text class="title" x="12" y="22">{title}; shaded: when it fails</text>',
    ]
    for tool in tools:
        top = _TOP + (_ROW + _GAP) * tool
        parts.append(f'<text class="mark" x="12" y="{top + _ROW}">tool {tool}</text>')
        for fault in TOOLS.faults:
            if fault.tool in (None, tool):
                begins, ends = _x(fault.begins), _x(fault.ends)
                parts.append(
                    f'<rect class="fault" x="{begins}" y="{top}" width="{round(ends - begins, 1)}" height="{_ROW}"/>'
                )
        parts.append(_area([fmean(game.not_closed[tool][point] for game in games) for point in range(POINTS)], top))
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{top + _ROW}" y2="{top + _ROW}"/>')
    foot = _TOP + (_ROW + _GAP) * len(tools) + 8
    parts += [
        f'<text class="mark" x="{_x(tick)}" y="{foot}" text-anchor="middle">{tick:,}</text>'
        for tick in range(0, TICKS + 1, TICKS // 5)
    ]
    return "\n".join([*parts, "</svg>\n"])


def _area(shares: Sequence[float], top: int) -> str:
    corners = [f"{_x(0)},{top + _ROW}"]
    for point, share in enumerate(shares, 1):
        corners.append(f"{_x(point * TICKS / len(shares))},{round(top + _ROW * (1 - share), 1)}")
    return f'<polygon class="open" points="{" ".join([*corners, f"{_x(TICKS)},{top + _ROW}"])}"/>'


def _x(tick: float) -> float:
    return round(_LEFT + tick / TICKS * (_WIDTH - _LEFT - _RIGHT), 1)
