"""A day at one venue: arrivals, departures, guests in house, no-shows and open holds.

The number of queries does not depend on the reservations. It reads only rows that overlap the day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, assert_never

from django.utils.translation import gettext as _

from desk import phrases
from desk.reservations.buttons import RELEASE_REST, Button, buttons_for
from reservations.allocation import presence
from reservations.lifecycle import check_ins
from reservations.models import Allocation, Reservation
from reservations.rules import modes
from reservations.status import Status
from venues.hours import Window
from venues.models import Venue

SOON = timedelta(hours=1)
"""A stay sold by the hour is a departure this long before its end."""

MOST_SHOWN = 100
"""Rows in one list."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """A reservation as one line of the day. `button` is None if no verb is likely now."""

    reservation: Reservation
    units: str
    status: Status
    when: str
    note: str
    button: Button | None
    page: Button | None = None
    """The verb that asks something first, for a line whose guest did not come."""

    @property
    def word(self) -> str:
        """The status as a code, such as `no_show`."""
        return self.status.word

    @property
    def label(self) -> str:
        """The status as text."""
        return str(phrases.LABELS[self.status])


@dataclass(slots=True)
class Part:
    """One list of the day. `count` and `party` are sums of all; `rows` has the first MOST_SHOWN."""

    name: str
    title: str
    nothing: str
    column: str
    rows: list[DayRow] = field(default_factory=list)
    count: int = 0
    party: int = 0


@dataclass(frozen=True, slots=True)
class DeskDay:
    """All lists of the day, and how many units are taken."""

    date: date
    is_today: bool
    parts: list[Part]
    left: int
    closed: list[str]
    units: int
    taken: int

    @property
    def columns(self) -> list[list[Part]]:
        """The lists by column: who is expected first, then who is here."""
        here = ("departures", "in_house")
        expected = [part for part in self.parts if part.name not in here]
        return [expected, [part for part in self.parts if part.name in here]]

    @property
    def rows(self) -> list[DayRow]:
        """Every line of every part."""
        return [row for part in self.parts for row in part.rows]

    @property
    def share(self) -> int:
        """The share of units taken, in percent."""
        return round(100 * self.taken / self.units) if self.units else 0


def of(venue: Venue, day: date, *, now: datetime) -> DeskDay:
    """Returns the lists of a local day, as of the instant `now`."""
    is_today = day == modes.business_date(venue, now)
    window = _window(venue, day, now if is_today else None)
    live = _live(venue, window)
    units = _units(live)
    seen = {row.reservation.pk: row.reservation for row in live if row.reservation is not None}
    held = list(Reservation.objects.held(at=now).filter(venue=venue).order_by("hold_expires_at"))
    missed = _missed(venue, window, now)
    if is_today:
        missed += _still_holding(live, window, now)
    overdue = _overdue(venue, now) if is_today else []
    for row in (*held, *missed, *overdue):
        seen.setdefault(row.pk, row)
    _add_units(units, [pk for pk in seen if pk not in units])
    for row in seen.values():
        row.venue = venue
    teller = _Teller(window, now, units)
    waiting = {row.pk for row in held}
    stays = [row for row in seen.values() if row.pk not in waiting]
    taken = _taken(live, now if is_today else None, now)
    taken |= _occupied(venue, now) if is_today else set()
    parts = [
        teller.part("arrivals", stays),
        teller.part("departures", stays),
        teller.part("in_house", stays),
        teller.part("no_shows", [seen[row.pk] for row in missed]),
        teller.part("holds", [seen[row.pk] for row in held]),
    ]
    return DeskDay(
        date=day,
        is_today=is_today,
        parts=parts,
        left=sum(teller.has_left(row) for row in stays),
        closed=_closed(live),
        units=venue.resources.filter(retired_at=None).count(),
        taken=len(taken),
    )


def lines_of(venue: Venue, rows: Sequence[Reservation], *, now: datetime) -> list[DayRow]:
    """Returns the lines of reservations of a venue, in their order, with arrival and departure."""
    units: dict[int, str] = {}
    _add_units(units, [row.pk for row in rows])
    for row in rows:
        row.venue = venue
    today = modes.business_date(venue, now)
    teller = _Teller(_window(venue, today, now), now, units)
    return [teller.row("found", row) for row in rows]


class _Teller:
    """Sorts reservations into the lists of a day and makes their lines."""

    def __init__(self, window: Window, now: datetime, units: dict[int, str]) -> None:
        self.window, self.now, self.units = window, now, units
        self.is_today = window.start <= now < window.end

    def part(self, name: str, rows: Iterable[Reservation]) -> Part:
        """Returns the list of that name, in its order."""
        title, nothing, column = _told(name)
        mine = sorted((row for row in rows if self._belongs(name, row)), key=_order(name))
        return Part(
            name,
            title,
            nothing,
            column,
            rows=[self.row(name, row) for row in mine[:MOST_SHOWN]],
            count=len(mine),
            party=sum(row.guest_count for row in mine),
        )

    def _belongs(self, name: str, row: Reservation) -> bool:
        match name:
            case "arrivals":
                return self.arrives(row)
            case "departures":
                return self.departs(row)
            case "in_house":
                return self.is_here(row)
            case _:
                return True

    def arrives(self, row: Reservation) -> bool:
        """Says whether a guest is expected today and not here yet. On another day, whether they
        start then.
        """
        status = row.status_at(self.now)
        if not self.window.start <= row.starts_at < self.window.end:
            return False
        return status is Status.UPCOMING if self.is_today else _is_stay(status)

    def departs(self, row: Reservation) -> bool:
        """Says whether a guest is here and leaves by the end of the day, or SOON if the venue sells
        time.
        """
        status = row.status_at(self.now)
        if self.is_today:
            return status is Status.PRESENT and row.ends_at <= self._due(row)
        ends = self.window.start <= row.ends_at < self.window.end
        return ends and row.starts_at < self.window.start and _is_stay(status)

    def is_here(self, row: Reservation) -> bool:
        """Says whether a guest is here and no departure."""
        status = row.status_at(self.now)
        if self.is_today:
            return status is Status.PRESENT and not self.departs(row)
        stays = row.starts_at < self.window.start and row.ends_at >= self.window.end
        return stays and _is_stay(status)

    def has_left(self, row: Reservation) -> bool:
        """Says whether a guest left on this day."""
        ended = row.checked_out_at or row.ends_at
        is_left = row.status_at(self.now) is Status.LEFT
        return is_left and self.window.start <= ended < self.window.end

    def row(self, name: str, row: Reservation) -> DayRow:
        """Returns the line of a reservation in the list `name`."""
        offered = buttons_for(row, self.now)
        button = next(iter(offered), None)
        if button is not None and (button.asks or not button.is_main):
            button = None
        return DayRow(
            row,
            self.units.get(row.pk, ""),
            row.status_at(self.now),
            self._when(name, row),
            self._note(row, button),
            button,
            RELEASE_REST if name == "no_shows" and RELEASE_REST in offered else None,
        )

    def _due(self, row: Reservation) -> datetime:
        return self.window.end if modes.sells_nights(row.venue) else self.now + SOON

    def _when(self, name: str, row: Reservation) -> str:
        zone = row.venue.zone
        if name == "found":
            return phrases.span(row.starts_at, row.ends_at, zone)
        at = row.starts_at if name in ("arrivals", "no_shows") else row.ends_at
        if name == "holds" and row.hold_expires_at:
            minutes = max(0, -(-(row.hold_expires_at - self.now) // timedelta(minutes=1)))
            return _("%(count)s min left") % {"count": minutes}
        if self.window.start <= at < self.window.end:
            return f"{at.astimezone(zone):%H:%M}"
        return phrases.short(at, zone)

    def _note(self, row: Reservation, button: Button | None) -> str:
        status = row.status_at(self.now)
        if status is Status.PRESENT and row.ends_at <= self.now:
            return _("should have left")
        if status is Status.UPCOMING and button is None:
            opens = check_ins.opens_at(row)
            return _("check-in from %(time)s") % {
                "time": phrases.soon(opens, row.venue.zone, self.now)
            }
        # Hotel guests arrive until late. For tables and other times, a quarter of an hour is long.
        by_night = modes.sells_nights(row.venue)
        if status is Status.UPCOMING and row.starts_at < self.now and not by_night:
            return _("late")
        return ""


def _is_stay(status: Status) -> bool:
    """Says whether the page of another date lists the status: guests who will come, or came."""
    match status:
        case Status.UPCOMING | Status.PRESENT | Status.LEFT:
            return True
        case Status.HELD | Status.EXPIRED | Status.CANCELLED | Status.NO_SHOW:
            return False
    assert_never(status)


def _told(name: str) -> tuple[str, str, str]:
    """The title of a list, its text if it is empty, and the head of its first column."""
    return {
        "arrivals": (_("Arrivals"), _("Nobody else is expected."), _("From")),
        "departures": (_("Departures"), _("Nobody leaves now."), _("Until")),
        "in_house": (_("In house"), _("Nobody else is here."), _("Until")),
        "no_shows": (_("Did not come"), _("Everybody came so far."), _("From")),
        "holds": (_("Holds about to lapse"), _("No open holds."), _("Lapses")),
    }[name]


def _order(name: str) -> Callable[[Reservation], Any]:
    if name == "holds":
        return lambda row: (row.hold_expires_at, row.pk)
    if name in ("arrivals", "no_shows"):
        return lambda row: (row.starts_at, row.pk)
    return lambda row: (row.ends_at, row.pk)


def _live(venue: Venue, window: Window) -> list[Allocation]:
    """The live allocations that overlap the day, with reservation and unit."""
    rows = Allocation.objects.overlapping(window.start, window.end, venues=[venue.pk])
    rows = rows.filter(is_live=True)
    return list(rows.select_related("resource", "reservation").order_by("starts_at", "pk"))


def _missed(venue: Venue, window: Window, now: datetime) -> list[Reservation]:
    """The no-shows of the day. Their units may have gone to other guests."""
    rows = Reservation.objects.filter(
        venue=venue,
        starts_at__gte=window.start,
        starts_at__lt=window.end,
        no_show_at__lte=now,
        confirmed_at__isnull=False,
        checked_in_at__isnull=True,
    )
    return [row for row in rows if row.status_at(now) is Status.NO_SHOW]


def _still_holding(live: Sequence[Allocation], window: Window, now: datetime) -> list[Reservation]:
    """The no-shows of earlier days that still hold time from now on."""
    rows = {
        row.reservation.pk: row.reservation
        for row in live
        if row.reservation is not None
        and row.reservation.starts_at < window.start
        and row.ends_at > now
        and (row.lapses_at is None or row.lapses_at > now)
    }
    return [row for row in rows.values() if row.status_at(now) is Status.NO_SHOW]


def _window(venue: Venue, day: date, now: datetime | None) -> Window:
    """A local day; while the desk still works on it after midnight, until the present too."""
    window = modes.days(day, day, venue.zone)
    if now is None or now < window.end:
        return window
    return Window(window.start, now + timedelta(microseconds=1))


def _overdue(venue: Venue, now: datetime) -> list[Reservation]:
    """The guests who are still here after the end. Their allocations are over, so `_live` misses
    them.
    """
    rows = Reservation.objects.staying().filter(venue=venue, ends_at__lte=now)
    return list(rows.order_by("ends_at")[:MOST_SHOWN])


def _units(live: Sequence[Allocation]) -> dict[int, str]:
    """The names of units by the id of the reservation."""
    names: dict[int, list[str]] = {}
    for row in live:
        if row.reservation_id is not None:
            names.setdefault(row.reservation_id, []).append(row.resource.name)
    return {pk: ", ".join(dict.fromkeys(found)) for pk, found in names.items()}


def _add_units(units: dict[int, str], ids: Sequence[int]) -> None:
    """Adds the units of reservations that take no time on the day: their live one,
    else the last.
    """
    rows = Allocation.objects.filter(reservation_id__in=ids).select_related("resource")
    last: dict[int, Allocation] = {}
    for row in rows.order_by("is_live", "ends_at", "pk"):
        last[row.reservation_id or 0] = row
    units.update({pk: row.resource.name for pk, row in last.items()})


def _closed(live: Sequence[Allocation]) -> list[str]:
    rows = [row for row in live if row.closure_id is not None]
    told = (f"{row.resource.name} ({row.reason})" for row in rows)
    return list(dict.fromkeys(told))


def _occupied(venue: Venue, now: datetime) -> set[int]:
    """The units that a guest past their end is still in. None of them can have been retired."""
    return set(presence.past_end(venue.pk, now))


def _taken(live: Sequence[Allocation], at: datetime | None, now: datetime) -> set[int]:
    """The units that are taken at an instant, or at any time of the day for None."""
    return {
        row.resource_id
        for row in live
        if (at is None or row.starts_at <= at < row.ends_at)
        and (row.lapses_at is None or row.lapses_at > now)
    }
