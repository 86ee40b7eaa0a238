"""Plots as SVG with classes for the style sheet and texts for screen readers.

Each plot stands beside a table of the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 360, 190
_LEFT, _TOP, _BOTTOM = 8, 30, 164
_MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class PlotBar:
    """One column: the label below it, its height, and its height as text."""

    label: str
    value: float
    shown: str


def columns(title: str, bars: Sequence[PlotBar], *, full: float | None = None) -> SafeString:
    """Draws one column for each bar. The highest one has its height as text.

    The highest value, or `full` if given, takes the whole height.
    """
    highest = max((bar.value for bar in bars), default=0)
    top = full or highest
    room = (WIDTH - 2 * _LEFT) / max(1, len(bars))
    labels, values = _texts(bars, highest)
    drawn = [
        _column(bar.value / top if top else 0, _LEFT + room * place, room, label, value)
        for place, (bar, label, value) in enumerate(zip(bars, labels, values, strict=True))
    ]
    told = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    return format_html(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">'
        '<line class="plot-line" x1="0" y1="{}" x2="{}" y2="{}"/>{}</svg>',
        WIDTH, HEIGHT, title, told, _BOTTOM, WIDTH, _BOTTOM,
        format_html_join("", "{}", ((part,) for part in drawn)),
    )  # fmt: skip


def _texts(bars: Sequence[PlotBar], highest: float) -> tuple[list[str], list[str]]:
    """The labels below the columns and the values above them. Many columns have only
    some labels.
    """
    labels = [bar.label for bar in bars]
    values = [bar.shown if bar.value == highest > 0 else "" for bar in bars]
    if len(bars) > _MOST_LABELS:
        labels = [label if place % 3 == 0 else "" for place, label in enumerate(labels)]
        first = next((place for place, value in enumerate(values) if value), None)
        values = [value if place == first else "" for place, value in enumerate(values)]
    return labels, values


def _column(share: float, left: float, room: float, label: str, value: str) -> SafeString:
    height = round((_BOTTOM - _TOP) * share, 1)
    middle, y = round(left + room / 2, 1), round(_BOTTOM - height, 1)
    return format_html(
        '<rect class="plot-bar" x="{}" y="{}" width="{}" height="{}" rx="2"/>{}{}',
        round(left + room * 0.15, 1), y, round(room * 0.7, 1), height,
        _text("plot-value", middle, y - 6, value),
        _text("plot-label", middle, _BOTTOM + 16, label),
    )  # fmt: skip


def _text(kind: str, x: float, y: float, words: str) -> SafeString | str:
    if not words:
        return ""
    return format_html('<text class="{}" x="{}" y="{}">{}</text>', kind, x, y, words)
