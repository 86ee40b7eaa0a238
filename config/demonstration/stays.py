"""The guests of the demonstration: past, present and upcoming stays.

The verbs of the engine make them, each at the instant at which it would have happened, so that the
desk opens on a day under way. Stays that the verbs refuse are left out.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from guests.callers import Caller
from guests.models import User
from reservations import actions, clock
from reservations.errors import Refusal
from reservations.requests import Booking, Contact, Times
from venues.hours import instant
from venues.models import Venue

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)

_NAMES = (
    "Aisha Bakker", "Tom de Vries", "Mei Chen", "Lars Jansen", "Fatima Idrissi", "Noah Smit",
    "Ingrid Olsen", "Pieter Mulder", "Sofia Rossi", "Kwame Mensah", "Julia Novak", "Bram Visser",
    "Leila Haddad", "Emma Dekker", "Oscar Lind", "Nina Peters", "Daan Hendriks", "Priya Nair",
    "Hugo Martin", "Eva Kuiper",
)  # fmt: skip

_NIGHTS = (
    # Category, party, days until arrival, nights, days it was booked before.
    ("standard", 2, -12, 3, 20), ("deluxe", 2, -9, 2, 3), ("family", 4, -8, 3, 41),
    ("standard", 1, -6, 2, 2), ("suite", 2, -5, 3, 60), ("standard", 2, -4, 2, 9),
    ("standard", 2, -3, 5, 30), ("deluxe", 2, -2, 3, 12), ("family", 3, -2, 2, 25),
    ("standard", 1, -1, 2, 4), ("suite", 2, -1, 4, 45), ("standard", 2, -1, 1, 6),
    ("deluxe", 2, 0, 2, 15), ("standard", 2, 0, 3, 8), ("family", 4, 0, 4, 33),
    ("standard", 1, 0, 1, 2), ("deluxe", 1, 1, 2, 10), ("standard", 2, 2, 2, 21),
    ("family", 2, 4, 3, 14), ("suite", 3, 6, 2, 28), ("deluxe", 2, 8, 4, 11),
)  # fmt: skip

_TABLES = (
    # Days from today, local time, party, hours it was booked before.
    (-1, time(19), 4, 50), (0, time(12, 30), 2, 20), (0, time(13), 3, 4), (0, time(17, 30), 2, 70),
    (0, time(18), 4, 28), (0, time(18, 30), 2, 9), (0, time(19), 2, 120), (0, time(19, 30), 4, 33),
    (0, time(20), 3, 26), (1, time(12), 2, 40), (1, time(12, 30), 4, 96), (1, time(13), 2, 30),
)  # fmt: skip

_CARS = (
    # Minutes since they came (before now, or to come), hours, plate.
    (-340, 8, "12-KJL-3"), (-220, 6, "GX-204-T"), (-150, 4, "N-918-RB"), (-95, 3, "7-TVD-66"),
    (-60, 2, "ZH-330-L"), (-35, 5, "K-551-PX"), (-12, 1, "83-LSG-9"), (40, 2, "R-092-FD"),
    (120, 3, "HB-77-ZN"),
)  # fmt: skip

_DRIVES = (
    # Days ago, UTC hour, hours: Dora's parking in the last months.
    (3, 9, 3), (10, 8, 8), (16, 17, 3), (24, 9, 2), (37, 8, 9), (45, 12, 4), (58, 10, 2),
    (72, 8, 5), (80, 15, 3), (101, 9, 4), (117, 8, 8), (133, 11, 2), (160, 9, 6), (171, 16, 3),
    (204, 10, 2), (230, 8, 7), (262, 9, 3), (291, 12, 2),
)  # fmt: skip

_VISITS = ((1, time(8, 30)), (1, time(9, 15)), (1, time(13)), (2, time(8)), (2, time(10, 30)))
"""Working days from today and local times at the practice."""


@dataclass(frozen=True, slots=True)
class _Stay:
    """The booking of one guest, and when they made it."""

    venue: str
    times: Times
    starts_at: datetime
    booked_at: datetime
    party: int = 1
    category: str | None = None
    plate: str = ""
    comes_after: timedelta | None = 7 * _MINUTE
    """How long after the start the guest arrives. None for a guest who never comes."""
    leaves: bool = True
    guest_id: int | None = None


def make(by: Caller) -> None:
    """Makes all stays, by this caller. Skips those that the engine refuses."""
    now = timezone.now()
    venues = {venue.slug: venue for venue in Venue.objects.select_related("policy")}
    wishes = [
        *_nights(venues["harbour-hotel"], now),
        *_tables(venues["bistro-zuid"], now),
        *_cars(now),
        *_visits(venues["practice-west"], now),
    ]
    for number, stay in enumerate(wishes):
        with suppress(Refusal):
            _live(stay, _NAMES[number % len(_NAMES)], number, now, by)
    arrival = now.astimezone(venues["harbour-hotel"].zone).date() + 12 * _DAY
    dora = User.objects.get(email="driver1@parking.com")
    for stay in _drives(dora.pk, now):
        with suppress(Refusal):
            _live(stay, dora.display_name, 0, now, by)
    undecided = Times(check_in=arrival, check_out=arrival + 2 * _DAY)
    with suppress(Refusal):
        stay = _Stay("harbour-hotel", undecided, now, now, party=2)
        actions.hold(booking=_booking(stay, "Zoë Laurent", 99), by=by)


def _live(stay: _Stay, name: str, number: int, now: datetime, by: Caller) -> None:
    """Books the stay, and checks the guest in and out as far as that has happened by now."""
    with clock.at(min(stay.booked_at, now)):
        row = actions.hold(booking=_booking(stay, name, number), by=by)
        if not row.confirmed_at:
            row = actions.confirm(reservation_id=row.pk, by=by)
    if stay.comes_after is None or stay.starts_at + stay.comes_after > now:
        return
    leaves = row.ends_at - 20 * _MINUTE
    with clock.at(stay.starts_at + stay.comes_after):
        row = actions.check_in(reservation_id=row.pk, by=by)
    if stay.leaves and leaves <= now:
        with clock.at(leaves):
            actions.check_out(reservation_id=row.pk, by=by)


def _booking(stay: _Stay, name: str, number: int) -> Booking:
    first_name, _, last_name = name.partition(" ")
    contact = Contact(
        first_name=first_name, last_name=last_name, phone=f"+31201234{500 + number:03d}"
    )
    return Booking(
        venue=stay.venue,
        times=stay.times,
        contact=contact,
        guest_count=stay.party,
        category=stay.category,
        vehicle_plate=stay.plate,
        guest_id=stay.guest_id,
        # The desk entered bookings within the notice or between two steps.
        override_reason="demonstration" if stay.plate else "",
    )


def _nights(venue: Venue, now: datetime) -> Iterator[_Stay]:
    today = now.astimezone(venue.zone).date()
    for number, (category, party, days, nights, before) in enumerate(_NIGHTS):
        arrival = today + days * _DAY
        starts_at = instant(arrival, venue.policy.check_in_time, venue.zone)
        yield _Stay(
            venue.slug,
            Times(check_in=arrival, check_out=arrival + nights * _DAY),
            starts_at,
            # Within the notice, the engine would refuse it.
            starts_at - before * _DAY - _HOUR if before > 1 else starts_at - 2 * _DAY,
            party=party,
            category=category,
            comes_after=None if number == 11 else number * 53 % 420 * _MINUTE,
            leaves=number != 8,
        )


def _tables(venue: Venue, now: datetime) -> Iterator[_Stay]:
    today = now.astimezone(venue.zone).date()
    for number, (days, clock_time, party, before) in enumerate(_TABLES):
        starts_at = _at(venue, today + days * _DAY, clock_time)
        yield _Stay(
            venue.slug,
            Times(starts_at=starts_at),
            starts_at,
            starts_at - before * _HOUR,
            party=party,
            comes_after=None if number == 2 else number % 4 * 5 * _MINUTE,
        )


def _cars(now: datetime) -> Iterator[_Stay]:
    for minutes, hours, plate in _CARS:
        starts_at = now.replace(second=0, microsecond=0) + minutes * _MINUTE
        times = Times(starts_at=starts_at, ends_at=starts_at + hours * _HOUR)
        yield _Stay("city-lot", times, starts_at, starts_at - _HOUR, plate=plate)


def _drives(guest_id: int, now: datetime) -> Iterator[_Stay]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for days, hour, hours in _DRIVES:
        starts_at = today - days * _DAY + hour * _HOUR
        times = Times(starts_at=starts_at, ends_at=starts_at + hours * _HOUR)
        yield _Stay(
            "city-lot", times, starts_at, starts_at - _HOUR, plate="H-042-LD", guest_id=guest_id
        )


def _visits(venue: Venue, now: datetime) -> Iterator[_Stay]:
    today = now.astimezone(venue.zone).date()
    # The next days with consulting hours.
    working = [day for day in (today + n * _DAY for n in range(7)) if day.weekday() < 5]
    for number, clock_time in _VISITS:
        starts_at = _at(venue, working[number - 1], clock_time)
        yield _Stay(venue.slug, Times(starts_at=starts_at), starts_at, starts_at - 3 * _DAY)


def _at(venue: Venue, day: date, clock_time: time) -> datetime:
    return instant(day, clock_time, venue.zone)
