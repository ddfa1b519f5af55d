"""Line charts as SVG text: enough for the figures of the documentation, without a browser or a plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)  # Okabe-Ito, told apart by colour-blind eyes
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 5", "4 2")
_LEFT, _TOP, _WIDTH, _HEIGHT, _RIGHT, _BOTTOM = 62, 16, 430, 250, 150, 48

# A viewer in dark mode sees light ink; the page behind shows through.
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 } .small { font-size: 12px }
.grid { stroke: #888; stroke-opacity: .25 } .axis { stroke: #666 } .line { fill: none; stroke-width: 2.2 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .axis { stroke: #aaa } }
"""


@dataclass
class Chart:
    """Lines over one axis.

    Attributes:
        title: What the chart shows, for screen readers.
        x: Name of the horizontal axis.
        y: Name of the vertical axis.
        legend: Heading of the legend; empty for none.
        lines: Name, xs and ys of each line.
        marks: Whether to show each point.
    """

    title: str
    x: str
    y: str
    legend: str = ""
    lines: list[tuple[str, Sequence[float], Sequence[float]]] = field(default_factory=list)
    marks: bool = False

    def add(self, name: str, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Adds a line."""
        self.lines.append((name, xs, ys))

    def svg(self) -> str:
        """Draws the chart."""
        x_ticks = _ticks([value for _, xs, _ in self.lines for value in xs])
        y_ticks = _ticks([value for _, _, ys in self.lines for value in ys])

        def across(value: float) -> float:
            return _LEFT + _WIDTH * (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])

        def down(value: float) -> float:
            return _TOP + _HEIGHT * (1 - (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]))

        bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + _RIGHT} {bottom + _BOTTOM}" role="img" '
            f'width="{right + _RIGHT}" height="{bottom + _BOTTOM}">',
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style>",
        ]
        for tick in x_ticks:
            parts.append(
                f'<line class="grid" x1="{across(tick):.1f}" x2="{across(tick):.1f}" y1="{_TOP}" y2="{bottom}"/>'
            )
            parts.append(_text(across(tick), bottom + 18, f"{tick:g}", "middle"))
        for tick in y_ticks:
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{down(tick):.1f}" y2="{down(tick):.1f}"/>')
            parts.append(_text(_LEFT - 8, down(tick) + 4, f"{tick:g}", "end"))
        parts.append(f'<path class="axis" fill="none" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>')
        parts.append(_text(_LEFT + _WIDTH / 2, bottom + 40, self.x, "middle"))
        parts.append(
            f'<text transform="translate(16 {_TOP + _HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y)}</text>"
        )
        if self.legend:
            parts.append(_text(right + 18, _TOP + 12, self.legend))
        for number, (name, xs, ys) in enumerate(self.lines):
            ink = f'stroke="{COLOURS[number]}" stroke-dasharray="{_DASHES[number]}"'
            points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(xs, ys, strict=True))
            parts.append(f'<polyline class="line" {ink} points="{points}"/>')
            if self.marks:
                parts += [
                    f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{COLOURS[number]}"/>'
                    for x, y in zip(xs, ys, strict=True)
                ]
            height = _TOP + 34 + 22 * number
            parts.append(f'<line class="line" {ink} x1="{right + 18}" x2="{right + 48}" y1="{height}" y2="{height}"/>')
            parts.append(_text(right + 56, height + 4, name))
        return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text class="small" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _ticks(values: list[float], about: int = 6) -> list[float]:
    """Round numbers, evenly spaced, that hold all values."""
    low, high = min(values), max(values)
    raw = (high - low or 1) / about
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    return [round(k * step, 10) for k in range(first, last + 1)]
