"""Plots as SVG that a page's style sheet colours: classes and no styles, words for who cannot see.

Beside each stands a table of the same numbers; the plot only shows their shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 360, 190
_LEFT, _TOP, _BOTTOM = 8, 30, 164


@dataclass(frozen=True, slots=True)
class Bar:
    """One column: what stands below it, how high it is, and that height in words."""

    label: str
    value: float
    shown: str


def columns(title: str, bars: Sequence[Bar]) -> SafeString:
    """A column for each, the highest as high as there is room, with its height in words."""
    top = max((bar.value for bar in bars), default=0)
    room = (WIDTH - 2 * _LEFT) / max(1, len(bars))
    drawn = [_column(bar, top, _LEFT + room * place, room) for place, bar in enumerate(bars)]
    told = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    return format_html(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">'
        '<line class="plot-line" x1="0" y1="{}" x2="{}" y2="{}"/>{}</svg>',
        WIDTH, HEIGHT, title, told, _BOTTOM, WIDTH, _BOTTOM,
        format_html_join("", "{}", ((part,) for part in drawn)),
    )  # fmt: skip


def _column(bar: Bar, top: float, left: float, room: float) -> SafeString:
    height = round((_BOTTOM - _TOP) * bar.value / top, 1) if top else 0
    middle, y = round(left + room / 2, 1), round(_BOTTOM - height, 1)
    is_highest = bar.value == top and top > 0
    return format_html(
        '<rect class="plot-bar" x="{}" y="{}" width="{}" height="{}" rx="2"/>{}'
        '<text class="plot-label" x="{}" y="{}">{}</text>',
        round(left + room * 0.15, 1), y, round(room * 0.7, 1), height,
        format_html('<text class="plot-value" x="{}" y="{}">{}</text>', middle, y - 6, bar.shown)
        if is_highest
        else "",
        middle, _BOTTOM + 16, bar.label,
    )  # fmt: skip
