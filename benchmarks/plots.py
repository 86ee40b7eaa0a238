"""Plots as SVG: bars for the sides, and lines for a growing cost."""

from collections.abc import Sequence
from html import escape
from math import log10

from benchmarks.measuring import Row, per_second

Points = Sequence[tuple[float, float]]

WIDTH, LEFT = 720, 330
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
    'height="{height}" role="img" aria-label="{title}" font-family="sans-serif" font-size="13">'
    '<rect width="100%" height="100%" fill="#fff"/>'
)


def bars(title: str, rows: Sequence[Row]) -> str:
    """Returns a plot with one bar for each side, as long as its rate. The first has
    another colour.
    """
    longest = max((row.rate for row in rows), default=1) or 1
    height = 34 + 30 * len(rows)
    parts = [_head(title, height), _text(10, 20, title, "font-weight='bold'")]
    for place, row in enumerate(rows):
        y, length = 34 + 30 * place, max(1.0, row.rate / longest * (WIDTH - LEFT - 90))
        colour = "#1f5f8b" if place == 0 else "#9bb4c4"
        parts += [
            _text(LEFT - 8, y + 16, row.side, "text-anchor='end'"),
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="22" fill="{colour}"/>',
            _text(LEFT + length + 6, y + 16, f"{per_second(row.rate)}/s"),
        ]
    return "\n".join([*parts, "</svg>\n"])


def lines(title: str, series: dict[str, Points], axes: tuple[str, str]) -> str:
    """Returns a plot with lines over a logarithmic axis. The other axis starts at zero."""
    every = [point for points in series.values() for point in points]
    top = max(y for _, y in every) * 1.2 or 1
    first, last = (log10(pick(x for x, _ in every)) for pick in (min, max))
    height, bottom, left, right = 300, 250, 70, WIDTH - 40

    def place(x: float, y: float) -> tuple[float, float]:
        part = (log10(x) - first) / ((last - first) or 1)
        return left + part * (right - left), bottom - y / top * (bottom - 40)

    parts = [
        _head(title, height),
        _text(10, 20, title, "font-weight='bold'"),
        f'<path d="M{left} 40V{bottom}H{right}" fill="none" stroke="#555"/>',
        _text(right, height - 14, axes[0], "text-anchor='end'"),
        _text(left + 6, 44, axes[1]),
    ]
    for name, points in series.items():
        drawn = [place(x, y) for x, y in points]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in drawn)
        parts.append(f'<path d="M{path}" fill="none" stroke="#1f5f8b" stroke-width="2"/>')
        for (x, y), (at, value) in zip(drawn, points, strict=True):
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#1f5f8b"/>',
                _text(x, y - 10, f"{value:.1f}", "text-anchor='middle'"),
                _text(x, bottom + 18, f"{at:,.0f}", "text-anchor='middle'"),
            ]
        parts.append(_text(left + 60, 44, name, "fill='#1f5f8b'"))
    return "\n".join([*parts, "</svg>\n"])


def _head(title: str, height: int) -> str:
    return _HEAD.format(width=WIDTH, height=height, title=escape(title, quote=True))


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'
