"""A hotel's booking history, read from the published file and played through the engine's verbs.

The file's columns are those of Antonio, Almeida and Nunes, "Hotel booking demand datasets", Data
in Brief 22 (2019) 41-49.
"""

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from guests.callers import system
from reservations import actions, clock
from reservations.errors import HeldByOther, Taken
from reservations.models import Allocation
from reservations.requests import Booking, Contact, Times
from venues import presets
from venues.hours import instant
from venues.models import Category, Resource, Venue

REPLAY = system("replay")

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_CONTACT = Contact(first_name="Guest", last_name="of the file", phone="+351212345678")
_POLICY = {
    "notice": timedelta(0),
    "horizon": None,
    "longest_stay": None,
    "confirms_at_once": True,
    "releases_no_shows": False,
}
_ANY_PARTY = 32_767


@dataclass(frozen=True, slots=True)
class Row:
    """One booking of the file: nights `[arrival, departure)`, when it was made and given up."""

    number: int
    category: str
    made_on: date
    arrival: date
    departure: date
    party: int
    cancelled_on: date | None
    faults: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """What became of the bookings; `invalid` rows are counted once, their faults one by one."""

    rows: int = 0
    accepted: int = 0
    refused: int = 0
    cancelled: int = 0
    invalid: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    by_category: dict[str, dict[str, int]] = field(default_factory=dict)


def read(path: Path) -> Iterator[Row]:
    """The rows of a CSV file, gzipped or not, numbered from 1.

    Raises ValueError naming the row and what cannot be read of it.
    """
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8", newline="") as file:
        for number, values in enumerate(csv.DictReader(file), start=1):
            try:
                yield _row(number, values)
            except (KeyError, ValueError, TypeError) as error:
                raise ValueError(f"row {number} cannot be read: {error}") from error


def make_hotel(*, slug: str, units: dict[str, int], time_zone: str) -> Venue:
    """A hotel with so many like rooms of each category, and no rule but that rooms are finite."""
    hotel = presets.create_venue(
        slug=slug, name=f"Replay {slug}", kind="hotel", time_zone=time_zone, policy=_POLICY
    )
    for code, count in units.items():
        category = Category.objects.create(venue=hotel, code=code, name=f"Type {code}")
        Resource.objects.bulk_create(
            Resource(venue=hotel, category=category, name=f"{code}{number:03}", capacity=_ANY_PARTY)
            for number in range(1, count + 1)
        )
    return hotel


def play(hotel: Venue, rows: Iterable[Row]) -> Iterator[Report]:
    """Play rows in the order of history; yields the one growing report after each booking.

    On a date cancellations of earlier bookings come first, then bookings in the file's order,
    then cancellations of bookings made that same date. The clock is at 00:00 local.
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
    yield report


def peak_night(hotel: Venue) -> tuple[date | None, int]:
    """The night with most rooms taken, of what was not cancelled, and how many; the first such."""
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


def _book(hotel: Venue, row: Row, made: dict[int, int], report: Report) -> None:
    counts = report.by_category.setdefault(row.category, {"accepted": 0, "refused": 0})
    booking = Booking(
        venue=hotel.slug,
        times=Times(check_in=row.arrival, check_out=row.departure),
        contact=_CONTACT,
        guest_count=row.party,
        category=row.category,
    )
    try:
        made[row.number] = actions.hold(booking=booking, by=REPLAY).pk
    except (Taken, HeldByOther):
        report.refused += 1
        counts["refused"] += 1
    else:
        report.accepted += 1
        counts["accepted"] += 1


def _steps(rows: Iterable[Row]) -> Iterator[tuple[date, int, int, Row, bool]]:
    for row in rows:
        yield row.made_on, 1, row.number, row, True
        if row.cancelled_on is not None:
            turn = 0 if row.cancelled_on > row.made_on else 2
            yield max(row.cancelled_on, row.made_on), turn, row.number, row, False


def _row(number: int, values: dict[str, str]) -> Row:
    arrival = date(
        int(values["arrival_date_year"]),
        _MONTHS.index(values["arrival_date_month"]) + 1,
        int(values["arrival_date_day_of_month"]),
    )
    nights = int(values["stays_in_weekend_nights"]) + int(values["stays_in_week_nights"])
    party = sum(_count(values[name]) for name in ("adults", "children", "babies"))
    given_up = values["reservation_status"] == "Canceled"
    return Row(
        number=number,
        category=values["reserved_room_type"].strip(),
        made_on=arrival - timedelta(days=int(values["lead_time"])),
        arrival=arrival,
        departure=arrival + timedelta(days=nights),
        party=party,
        cancelled_on=(
            datetime.fromisoformat(values["reservation_status_date"]).date() if given_up else None
        ),
        faults=_faults(nights, party, float(values["adr"])),
    )


def _faults(nights: int, party: int, daily_rate: float) -> tuple[str, ...]:
    found = {
        "no_nights": nights <= 0,
        "no_guests": party <= 0,
        "negative_price": daily_rate < 0,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _count(text: str) -> int:
    return 0 if text in ("", "NA", "NULL") else int(float(text))


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
