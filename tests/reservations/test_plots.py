"""Plots: heights that are true, words for who cannot see them, nothing that a page forbids."""

import re

from web.plots import PlotBar, columns


def heights(plot: str) -> list[float]:
    return [float(found) for found in re.findall(r'<rect[^>]* height="([\d.]+)"', plot)]


def test_columns_are_as_high_as_their_values() -> None:
    plot = columns(
        "Visits", [PlotBar("Jan", 1, "1"), PlotBar("Feb", 4, "4"), PlotBar("Mar", 0, "0")]
    )
    low, high, none = heights(plot)
    assert high == 4 * low > 0
    assert none == 0
    assert 'aria-label="Visits: Jan 1, Feb 4, Mar 0"' in plot


def test_nothing_to_show_is_a_line_and_no_fault() -> None:
    assert heights(columns("Visits", [PlotBar("Jan", 0, "0")])) == [0]
    assert heights(columns("Visits", [])) == []


def test_words_cannot_break_out_and_no_style_is_inline() -> None:
    plot = columns('<b>"', [PlotBar("<i>", 1, "</svg>")])
    assert "<b>" not in plot and "<i>" not in plot and plot.count("</svg>") == 1
    assert "style" not in plot
