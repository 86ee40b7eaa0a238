"""Bar charts as SVG from the server, each with its values as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from desk.lots.spots_now import Lot
    from venues.models import Category


WIDTH, HEIGHT = 640, 180
_LEFT, _TOP, _BOTTOM = 4, 18, 22
_PLOT = HEIGHT - _TOP - _BOTTOM


@dataclass(frozen=True, slots=True)
class Point:
    """One bar: its label, its value, and the value in words."""

    label: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The position of a bar in its SVG, in units of the view box."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    text: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title, a summary of one sentence, its bars and the table of its points.

    `what` and `measure` are the heads of the table's columns; `top` is the label of the highest
    line.
    """

    name: str
    title: str
    summary: str
    what: str
    measure: str
    points: Sequence[Point]
    bars: Sequence[Drawn]
    top: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def baseline(self) -> int:
        """The y of the bottom line."""
        return _TOP + _PLOT

    @property
    def first_line(self) -> int:
        """The y of the top line."""
        return _TOP


def chart(
    name: str,
    title: str,
    points: Sequence[Point],
    *,
    summary: str,
    what: str,
    measure: str,
    most: float | None = None,
) -> Chart:
    """Makes a chart. The highest value, or `most` if given, reaches the top. No points make no
    bars.
    """
    highest = most or max((point.value for point in points), default=0) or 1
    peak = max(points, key=lambda point: point.value, default=None)
    return Chart(
        name=name,
        title=title,
        summary=summary,
        what=what,
        measure=measure,
        points=points,
        bars=[_drawn(number, points, highest) for number in range(len(points))],
        top="100%" if most == 1 else (peak.text if peak else ""),
    )


def of_lots(lots: Sequence["Lot"]) -> Chart:
    """Makes the chart of how full each lot is now."""
    points = [Point(lot.venue.name, lot.share / 100, _share(lot.taken, lot.spots)) for lot in lots]
    taken, spots = sum(lot.taken for lot in lots), sum(lot.spots for lot in lots)
    return chart(
        "lots",
        _("How full the lots are"),
        points,
        summary=_("%(share)s of all spots are taken now.") % {"share": _share(taken, spots)},
        what=_("Lot"),
        measure=_("Taken now"),
        most=1,
    )


def of_spots(counts: Sequence[tuple["Category", int, int]]) -> Chart:
    """Makes the chart of how full each category of a lot is now.

    `counts` has the category, its spots and how many of them are taken.
    """
    points = [
        Point(category.name, taken / every if every else 0, _share(taken, every))
        for category, every, taken in counts
    ]
    every, taken = sum(one[1] for one in counts), sum(one[2] for one in counts)
    return chart(
        "spots",
        _("Spots by category"),
        points,
        summary=_("%(share)s of its spots are taken now.") % {"share": _share(taken, every)},
        what=_("Category"),
        measure=_("Taken now"),
        most=1,
    )


def _share(part: int, whole: int) -> str:
    told = _("%(part)s of %(whole)s") % {"part": part, "whole": whole}
    return f"{round(100 * part / whole)}% ({told})" if whole else told


def _drawn(number: int, points: Sequence[Point], highest: float) -> Drawn:
    count = len(points)
    slot = (WIDTH - 2 * _LEFT) / count
    width = min(slot * 0.78, 56)
    middle = _LEFT + slot * (number + 0.5)
    height = _PLOT * max(0.0, min(points[number].value / highest, 1.0))
    apart = max(1, -(-count // 8))
    return Drawn(
        x=round(middle - width / 2, 1),
        y=round(_TOP + _PLOT - height, 1),
        width=round(width, 1),
        height=round(height, 1),
        middle=round(middle, 1),
        label=points[number].label,
        text=points[number].text,
        is_named=number % apart == 0,
    )
