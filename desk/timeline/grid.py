"""The timeline: a table of units against days, or against the hours of one day.

No style places anything: each part of a row is a cell as many columns wide as it lasts.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import assert_never

from django.db.models import Q
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from desk import phrases
from desk.fields import field_text
from reservations import records
from reservations.models import Allocation, Reservation
from reservations.rules import modes
from reservations.rules.sold_ranges import open_part
from reservations.status import Status
from venues.hours import DAY, Window, instant
from venues.models import Opening, Resource, Venue

HOUR = timedelta(hours=1)
USUAL_DAYS = 14
MOST_DAYS = 31
UNITS_SHOWN = 60
QUARTER = timedelta(minutes=15)

CLOSED = "closed"

_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Column:
    """One step of time. The label spans `width` columns; 0 if the label of an earlier column covers
    it.
    """

    window: Window
    label: str
    width: int
    is_now: bool
    is_off: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A range that is taken. `reservation` is None for a closure."""

    reservation: Reservation | None
    closure: str
    word: str
    label: str
    text: str
    span: str
    start: str
    is_fixed: bool
    begins_before: bool
    ends_after: bool
    is_overstay: bool
    may_move: bool
    group: str = ""
    """A letter that the bars of one group share; "" for a reservation of no group."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Some columns of a row from `first` on: free, or with bars, usually one."""

    first: int
    width: int
    bars: tuple[Bar, ...]
    label: str
    query: str
    is_past: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A unit and its cells, which fill the width of the table."""

    unit: Resource
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """One page of the timeline."""

    is_nights: bool
    first: date
    last: date
    step: timedelta
    columns: list[Column]
    lines: list[Line]
    page: int
    pages: int

    @property
    def reservations(self) -> list[Reservation]:
        """The reservations that have a bar."""
        bars = [bar for line in self.lines for cell in line.cells for bar in cell.bars]
        return [bar.reservation for bar in bars if bar.reservation is not None]


def of(venue: Venue, first: date, days: int, *, now: datetime, page: int = 1) -> TimelineQuery:
    """Returns one page of the timeline: `days` days if the venue sells nights, else the hours of
    `first`.

    A page has at most UNITS_SHOWN units. The number of queries does not depend on the units.
    """
    is_nights = modes.sells_nights(venue)
    windows = _nights(venue, first, days) if is_nights else _steps(venue, first)
    units = venue.resources.filter(retired_at=None).select_related("category")
    count = units.count()
    pages = max(1, -(-count // UNITS_SHOWN))
    page = min(max(1, page), pages)
    shown = list(units.order_by("floor", "rank", "pk")[(page - 1) * UNITS_SHOWN :][:UNITS_SHOWN])
    taken = _taken(venue, shown, windows, now)
    teller = _Teller(venue, windows, now)
    step = windows[0].end - windows[0].start
    return TimelineQuery(
        is_nights=is_nights,
        first=first,
        last=first + (days - 1) * DAY if is_nights else first,
        step=DAY if is_nights else step,
        columns=_columns(venue, windows, now, step),
        lines=[Line(unit, list(teller.cells(taken.get(unit.pk, [])))) for unit in shown],
        page=page,
        pages=pages,
    )


class _Teller:
    """Turns the allocations of a unit into cells."""

    def __init__(self, venue: Venue, windows: Sequence[Window], now: datetime) -> None:
        self.venue, self.windows, self.now = venue, windows, now
        self.is_nights = modes.sells_nights(venue)
        # All units share their free cells.
        self.known: dict[tuple[int, int], Cell] = {}
        self.groups: dict[uuid.UUID, str] = {}

    def cells(self, rows: Iterable[Allocation]) -> Iterator[Cell]:
        """Yields free and taken cells in turn. Allocations that share a column share a cell."""
        at = 0
        for first, after, group in self._groups(rows):
            yield from self._free(at, first)
            bars = tuple(self._bar(row) for row in group)
            yield self._cell(first, after - first, bars)
            at = after
        yield from self._free(at, len(self.windows))

    def _groups(self, rows: Iterable[Allocation]) -> Iterator[tuple[int, int, list[Allocation]]]:
        group: list[Allocation] = []
        begin = end = 0
        for row in rows:
            first, after = self._columns_of(row)
            if first >= after:
                continue
            if group and first < end:
                group.append(row)
                end = max(end, after)
                continue
            if group:
                yield begin, end, group
            begin, end, group = first, after, [row]
        if group:
            yield begin, end, group

    def _columns_of(self, row: Allocation) -> tuple[int, int]:
        start, end = _shown_range(row, self.now)
        touched = [
            number
            for number, column in enumerate(self.windows)
            if column.start < end and start < column.end
        ]
        return (touched[0], touched[-1] + 1) if touched else (0, 0)

    def _free(self, first: int, after: int) -> Iterator[Cell]:
        """Yields free cells: one a night or one an hour, so that there are not too many."""
        at = first
        while at < after:
            width = 1
            if not self.is_nights:
                hour = self._hour(at)
                while at + width < after and self._hour(at + width) == hour:
                    width += 1
            yield self._cell(at, width, ())
            at += width

    def _hour(self, column: int) -> tuple[date, int]:
        local = self.windows[column].start.astimezone(self.venue.zone)
        return local.date(), local.hour

    def _cell(self, first: int, width: int, bars: tuple[Bar, ...]) -> Cell:
        known = None if bars else self.known.get((first, width))
        if known is not None:
            return known
        start, end = self.windows[first].start, self.windows[first + width - 1].end
        zone = self.venue.zone
        local, after = start.astimezone(zone), end.astimezone(zone)
        label = phrases.day(local) if self.is_nights else f"{local:%H:%M}"
        asked = {"from": f"{local:{_MINUTE}}", "until": f"{after:{_MINUTE}}"}
        if self.is_nights:
            asked |= {"check_in": f"{local:%Y-%m-%d}", "check_out": f"{after:%Y-%m-%d}"}
        else:
            # If the hour has begun, start now.
            begin = max(start, self.now).astimezone(zone)
            asked["starts_at"] = f"{begin:{_MINUTE}}"
        made = Cell(first, width, bars, label, urlencode(asked), end <= self.now)
        if not bars:
            self.known[first, width] = made
        return made

    def _bar(self, row: Allocation) -> Bar:
        zone, reservation = self.venue.zone, row.reservation
        start, end = _shown_range(row, self.now)
        facts = {
            "closure": str(row.closure_id or ""),
            "span": phrases.span(start, end, zone),
            "start": self._sold_start(row),
            "is_fixed": row.is_locked,
            "begins_before": start < self.windows[0].start,
            "ends_after": end > self.windows[-1].end,
            "is_overstay": _is_late(row, self.now),
        }
        if reservation is None:
            return Bar(None, word=CLOSED, label=_("Closed"), text=row.reason or _("Closed"),
                       may_move=False, **facts)  # type: ignore[arg-type]  # fmt: skip
        reservation.venue = self.venue
        facts["group"] = self._letter(reservation.group_id)
        status = reservation.status_at(self.now)
        is_over = row.ends_at <= self.now and row.ends_at < reservation.ends_at
        if status is Status.PRESENT and is_over:
            # The guest was on this unit until they moved to another.
            return Bar(reservation, word=Status.LEFT.word, label=_("Moved on"),
                       text=reservation.last_name, may_move=False, **facts)  # type: ignore[arg-type]  # fmt: skip
        return Bar(
            reservation,
            word=status.word,
            label=_("should have left") if facts["is_overstay"] else str(phrases.LABELS[status]),
            text=f"{reservation.last_name} · {reservation.guest_count}",
            may_move=_may_move(status),
            **facts,  # type: ignore[arg-type]
        )

    def _letter(self, group_id: uuid.UUID | None) -> str:
        """The letter of a group on this page: A for the first that is met, AA after Z."""
        if group_id is None:
            return ""
        number = len(self.groups)
        letter = chr(ord("A") + number % 26) * (number // 26 + 1)
        return self.groups.setdefault(group_id, letter)

    def _sold_start(self, row: Allocation) -> str:
        start = row.reservation.starts_at if row.reservation else row.starts_at
        return field_text(self.venue, start)


def is_drawn(status: Status) -> bool:
    """Says whether a reservation of this status has a bar: if its unit is or was taken."""
    match status:
        case Status.HELD | Status.UPCOMING | Status.PRESENT | Status.LEFT | Status.NO_SHOW:
            return True
        case Status.EXPIRED | Status.CANCELLED:
            return False
    assert_never(status)


def _may_move(status: Status) -> bool:
    match status:
        case Status.HELD | Status.UPCOMING | Status.PRESENT:
            return True
        case Status.LEFT | Status.NO_SHOW | Status.EXPIRED | Status.CANCELLED:
            return False
    assert_never(status)


def _is_late(row: Allocation, now: datetime) -> bool:
    """Says whether the guest of the row is still on its unit though the end has passed."""
    stay = row.reservation
    if stay is None or stay.is_departure_assumed or not stay.checked_in_at:
        return False
    is_here = stay.status_at(now) is Status.PRESENT and stay.ends_at <= now
    # A row that ends earlier is of a unit that the guest had before a move.
    return is_here and row.ends_at >= stay.ends_at


def _shown_range(row: Allocation, now: datetime) -> tuple[datetime, datetime]:
    """The part of the sold range that the row takes, without buffers; past it, to now."""
    if row.reservation is None:
        return row.starts_at, row.ends_at
    start, end = row.starts_at, row.ends_at
    # A stay that moved to another unit has two rows, each with a part of it.
    last = now if _is_late(row, now) else min(end, row.reservation.ends_at)
    return max(start, min(row.reservation.starts_at, end)), last


def _taken(
    venue: Venue, units: Sequence[Resource], windows: Sequence[Window], now: datetime
) -> dict[int, list[Allocation]]:
    start, end = windows[0].start, windows[-1].end
    rows = Allocation.objects.overlapping(start, end, venues=[venue.pk]).filter(is_live=True)
    not_lapsed = Q(lapses_at__isnull=True) | Q(lapses_at__gt=now)
    came_or_promised = Q(reservation__confirmed_at__isnull=False)
    ids = [unit.pk for unit in units]
    rows = rows.filter(not_lapsed | came_or_promised, resource__in=ids)
    every = {row.pk: row for row in rows.select_related("reservation")}
    if start <= now:
        # Their rows may have ended before the first column.
        late = Allocation.objects.filter(reservation__venue=venue, resource__in=ids)
        late = late.overstayed(at=now).select_related("reservation")
        every |= {row.pk: row for row in late}
    found: dict[int, list[Allocation]] = {}
    for row in sorted(every.values(), key=lambda row: (row.starts_at, row.pk)):
        found.setdefault(row.resource_id, []).append(row)
    return found


def _nights(venue: Venue, first: date, days: int) -> list[Window]:
    """Ranges from check-in time to check-in time, so departures and arrivals share no column."""
    policy = venue.policy
    arrive = [
        instant(first + number * DAY, policy.check_in_time, venue.zone)
        for number in range(days + 1)
    ]
    return [Window(start, end) for start, end in pairwise(arrive)]


def _steps(venue: Venue, day: date) -> list[Window]:
    """The opening hours of a day, in the steps in which the venue sells time."""
    whole = open_part(venue, day, openings_of(venue))
    step = _step(venue)
    found, at = [], whole.start
    while at < whole.end:
        found.append(Window(at, at + step))
        at += step
    return found


def openings_of(venue: Venue) -> Sequence[Opening]:
    """Returns the openings of a venue and of its units."""
    return list(records.load_venue(venue.pk).openings.all())


def _step(venue: Venue) -> timedelta:
    policy = venue.policy
    wished = policy.step or policy.slot_length or 2 * QUARTER
    return QUARTER if wished < 2 * QUARTER else 2 * QUARTER


def _columns(
    venue: Venue, windows: Sequence[Window], now: datetime, step: timedelta
) -> list[Column]:
    is_nights = modes.sells_nights(venue)
    an_hour = 1 if is_nights else HOUR // step
    found = []
    for number, window in enumerate(windows):
        local = window.start.astimezone(venue.zone)
        starts = is_nights or number % an_hour == 0
        width = 1 if is_nights else min(an_hour, len(windows) - number)
        is_now = window.start <= now < window.end
        if not is_nights:
            is_now = window.start <= now < window.start + an_hour * step
        label = phrases.day(local) if is_nights else f"{local:%H:%M}"
        is_off = is_nights and local.weekday() in (4, 5)
        found.append(Column(window, label, width if starts else 0, is_now, is_off))
    return found
