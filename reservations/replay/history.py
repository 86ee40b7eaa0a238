"""Replays a hotel's booking history with the engine's verbs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F

from guests.callers import system
from reservations import actions, clock, events
from reservations.errors import HeldByOther, Taken
from reservations.event_types import CHECKED_IN, CHECKED_OUT
from reservations.models import Allocation, Event, Reservation
from reservations.replay.bookings_file import CAME, NEVER_CAME, FileRow
from reservations.requests import Booking, Contact, Times
from venues import presets
from venues.hours import instant
from venues.models import Category, Resource, Venue

REPLAY = system("replay")

_CONTACT = Contact(first_name="Guest", last_name="of the file", phone="+351212345678")
_POLICY = {
    "notice": timedelta(0),
    "horizon": None,
    "longest_stay": None,
    "confirms_at_once": True,
    # The file says who came, so a sweep that runs meanwhile must not record no-shows.
    "records_arrival": False,
    "records_departure": False,
    "releases_no_shows": False,
}
_ANY_PARTY = 32_767


@dataclass(slots=True)
class Report:
    """The counts of a replay. `invalid` counts rows; `reasons` counts each fault of a row."""

    rows: int = 0
    accepted: int = 0
    refused: int = 0
    cancelled: int = 0
    stayed: int = 0
    missed: int = 0
    invalid: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    by_category: dict[str, dict[str, int]] = field(default_factory=dict)


def make_hotel(*, slug: str, units: dict[str, int], time_zone: str) -> Venue:
    """Creates an unlisted hotel with `units` rooms by category code, and no rules.

    All rooms of a category are alike, and take any party.
    """
    hotel = presets.create_venue(
        slug=slug,
        name=f"Replay {slug}",
        kind="hotel",
        time_zone=time_zone,
        policy=_POLICY,
        is_listed=False,
    )
    for code, count in units.items():
        category = Category.objects.create(venue=hotel, code=code, name=f"Type {code}")
        Resource.objects.bulk_create(
            Resource(venue=hotel, category=category, name=f"{code}{number:03}", capacity=_ANY_PARTY)
            for number in range(1, count + 1)
        )
    return hotel


def play(hotel: Venue, rows: Iterable[FileRow]) -> Iterator[Report]:
    """Replays rows in the order of history. Yields one growing report after each booking.

    On each date cancellations of earlier bookings come first, then bookings in the file's order,
    then cancellations of bookings made that date, all at 00:00 local time. At the end it records
    arrival and departure of the guests who came, at the instants of their range.
    """
    report = Report()
    valid = []
    for row in rows:
        report.rows += 1
        if row.faults:
            report.invalid += 1
            for fault in row.faults:
                report.reasons[fault] = report.reasons.get(fault, 0) + 1
        else:
            valid.append(row)
    made: dict[int, int] = {}
    zone = hotel.zone
    for day, _, _, row, is_booking in sorted(_steps(valid), key=lambda step: step[:3]):
        with clock.at(instant(day, time.min, zone)):
            if is_booking:
                _book(hotel, row, made, report)
                yield report
            elif row.number in made:
                actions.cancel(reservation_id=made.pop(row.number), by=REPLAY)
                report.cancelled += 1
    came = [made[row.number] for row in valid if row.outcome == CAME and row.number in made]
    report.stayed = _record_stays(came)
    yield report


def peak_night(hotel: Venue) -> tuple[date | None, int]:
    """The first night with the most rooms taken, cancelled ones aside, and that number.

    Returns (None, 0) for a hotel without reservations.
    """
    steps: Counter[date] = Counter()
    live = Allocation.objects.filter(venue=hotel, is_live=True)
    for start, end in live.values_list("starts_at", "ends_at").iterator():
        steps[_local(start, hotel.zone)] += 1
        steps[_local(end, hotel.zone)] -= 1
    best: tuple[date | None, int] = (None, 0)
    taken = 0
    for day in sorted(steps):
        taken += steps[day]
        if taken > best[1]:
            best = (day, taken)
    return best


def _book(hotel: Venue, row: FileRow, made: dict[int, int], report: Report) -> None:
    counts = report.by_category.setdefault(row.category, {"accepted": 0, "refused": 0})
    booking = Booking(
        venue=hotel.slug,
        times=Times(check_in=row.arrival, check_out=row.departure),
        contact=_CONTACT,
        guest_count=row.party,
        category=row.category,
    )
    try:
        booked = actions.hold(booking=booking, by=REPLAY)
    except (Taken, HeldByOther):
        report.refused += 1
        counts["refused"] += 1
    else:
        made[row.number] = booked.pk
        report.accepted += 1
        counts["accepted"] += 1
        if row.outcome == NEVER_CAME:
            _expect_in_vain(booked, hotel)
            report.missed += 1


def _expect_in_vain(booked: Reservation, hotel: Venue) -> None:
    """Makes the reservation a no-show: its arrival is not assumed, and nobody will record one."""
    booked.is_arrival_assumed = False
    booked.no_show_at = min(booked.starts_at + hotel.policy.grace, booked.ends_at)
    booked.save(update_fields=["is_arrival_assumed", "no_show_at"])


def _record_stays(ids: Sequence[int]) -> int:
    """Records the arrival and departure of these guests, at the start and end of their range."""
    for begin in range(0, len(ids), settings.SWEEP_BATCH):
        with transaction.atomic(durable=True):
            rows = Reservation.objects.filter(pk__in=ids[begin : begin + settings.SWEEP_BATCH])
            locked = list(rows.order_by("pk").select_for_update(no_key=True))
            rows.update(
                checked_in_at=F("starts_at"), checked_out_at=F("ends_at"), version=F("version") + 1
            )
            events.record_many(event for row in locked for event in _came_and_left(row))
    return len(ids)


def _came_and_left(row: Reservation) -> Iterator[Event]:
    yield events.draft(row, CHECKED_IN({}), at=row.starts_at, by=REPLAY)
    yield events.draft(row, CHECKED_OUT({}), at=row.ends_at, by=REPLAY)


def _steps(rows: Iterable[FileRow]) -> Iterator[tuple[date, int, int, FileRow, bool]]:
    for row in rows:
        yield row.made_on, 1, row.number, row, True
        if row.cancelled_on is not None:
            turn = 0 if row.cancelled_on > row.made_on else 2
            yield max(row.cancelled_on, row.made_on), turn, row.number, row, False


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
