"""The plot: what each proxy costs in multiples of F, on a logarithmic scale, as SVG."""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from benchmarks.results import Results
from benchmarks.stats import Spread, ratio
from benchmarks.subjects import FLOOR, PEER, SUBJECTS

_WIDTH, _LEFT, _RIGHT, _ROW, _TITLE = 860, 240, 70, 26, 34
_PANELS = (("CPU per whole call, 32 connections", "cpu_us_32"), ("CPU per streamed chunk, 8 paced streams", "chunk_us"))
_MARKS = (0.5, 1, 2, 5, 10, 20, 50, 100)
_COLOURS = {FLOOR.name: "#8a8f98", PEER.name: "#c2714f"}
_OURS = "#2f6f8f"
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .mark { font-size: 11px; fill: #59636e }
  line { stroke: #d1d9e0 } .spread { stroke: #1f2328 } .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .mark { fill: #9198a1 }
    line { stroke: #3d444d } .spread { stroke: #f0f6fc } .paper { fill: #0d1117 }
  }
"""


def plot(results: Results) -> str:
    """One panel a figure, one bar a subject, a whisker over the middle half of the turns."""
    parts: list[str] = []
    top = 8
    for title, figure in _PANELS:
        bars = _bars(results, figure)
        if bars:
            parts += _panel(title, bars, top)
            top += _TITLE + _ROW * len(bars) + 34
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Cost in multiples of the floor">'
    return "\n".join(
        [head, f"<style>{_STYLE}</style>", '<rect class="paper" width="100%" height="100%"/>', *parts, "</svg>\n"]
    )


def _bars(results: Results, figure: str) -> Sequence[tuple[str, Spread]]:
    floor = results.of(FLOOR.name, figure)
    found = [(name, ratio(results.of(name, figure), floor)) for name in SUBJECTS]
    return [(name, times) for name, times in found if times and times.middle > 0]


def _panel(title: str, bars: Sequence[tuple[str, Spread]], top: int) -> list[str]:
    base = top + _TITLE
    foot = base + _ROW * len(bars)
    parts = [f'<text class="title" x="12" y="{top + 20}">{escape(title)}, in multiples of F</text>']
    for mark in _MARKS:
        x = _x(mark)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{base}" y2="{foot}"/>')
        parts.append(f'<text class="mark" x="{x}" y="{foot + 15}" text-anchor="middle">{mark:g}</text>')
    for row, (name, times) in enumerate(bars):
        y = base + row * _ROW
        start, end = _x(_MARKS[0]), _x(times.middle)
        colour = _COLOURS.get(name, _OURS)
        label = escape(SUBJECTS[name].title)
        parts += [
            f'<text x="{_LEFT - 10}" y="{y + 17}" text-anchor="end">{label}</text>',
            f'<rect x="{start}" y="{y + 5}" width="{max(1, end - start):.1f}" height="16" rx="2" fill="{colour}"/>',
            f'<line class="spread" x1="{_x(times.low)}" x2="{_x(times.high)}" y1="{y + 13}" y2="{y + 13}"/>',
            f'<text x="{max(end, _x(times.high)) + 7:.1f}" y="{y + 17}">{times.middle:.3g}</text>',
        ]
    return parts


def _x(times: float) -> float:
    """Where a multiple of F lies; what is off the scale lies at its end."""
    low, high = math.log(_MARKS[0]), math.log(_MARKS[-1])
    share = (math.log(min(max(times, _MARKS[0]), _MARKS[-1])) - low) / (high - low)
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)
