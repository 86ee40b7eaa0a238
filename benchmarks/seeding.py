"""Fills a database for the benchmarks: one venue, and a year of reservations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.plan import DAY, SLUG, STAY, UNITS, World, period
from guests import keys
from guests.callers import for_partner
from guests.models import Partner
from reservations import actions
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Booking, Contact, Times
from venues import presets
from venues.models import Category, Policy, Rate, Resource

SEED = Path(__file__).parent / "sql" / "seed.sql"


def fill(rows: int, *, stay: int, is_lapsed: bool) -> dict[str, Any]:
    """Makes one venue with 500 equal units, and `rows` stays of `stay` minutes over the year ahead.

    They are confirmed, or with `is_lapsed` holds that lapsed a minute ago. Returns the ids and the
    start.
    """
    facts = _make_venue()
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {
        **facts,
        "rows": rows,
        "units": UNITS,
        "base": midnight + timedelta(days=1),
        "confirmed_at": None if is_lapsed else midnight,
        "lapses_at": now - timedelta(minutes=1) if is_lapsed else None,
        "stay": timedelta(minutes=stay),
        "period": timedelta(minutes=period(rows, UNITS)),
        # With a plan, all units are free at once. Otherwise some of them always are.
        "stagger": timedelta(0 if stay == STAY else period(rows, UNITS) / UNITS / DAY),
    }
    if connection.vendor == "postgresql":
        _fill_at_once(values)
    else:
        _fill_row_by_row(values)
    return {**facts, "base": values["base"].isoformat()}


def issue_key() -> str:
    """Returns an API key of a partner that may book at the venue."""
    return keys.issue(_partner(), by=None)[1]


def hold(asked: dict[str, Any]) -> list[float]:
    """Holds slots of the plan one after the other, in this thread. Returns the seconds of each."""
    world = World(
        rows=asked["rows"],
        units=UNITS,
        first_unit=asked["first_unit"],
        venue=0,
        category=0,
        base=datetime.fromisoformat(asked["base"]),
    )
    contact = Contact(
        first_name="Ada", last_name="Lovelace", phone="+31 20 123 4567", email="ada@example.com"
    )
    by, times, number = for_partner(_partner()), list[float](), int(asked["first"])
    begun = perf_counter()
    while perf_counter() - begun < asked["seconds"]:
        unit, start = world.slot(number)
        number += 1
        started = perf_counter()
        wanted = Times(starts_at=start, ends_at=start + timedelta(minutes=STAY))
        booking = Booking(venue=SLUG, times=wanted, contact=contact, guest_count=1, resource=unit)
        actions.hold(booking=booking, by=by)
        times.append(perf_counter() - started)
    return times


def _fill_at_once(values: dict[str, Any]) -> None:
    # The time limits of the connection are for requests.
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in SEED.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
        cursor.execute("VACUUM (ANALYZE)")


@transaction.atomic
def _fill_row_by_row(values: dict[str, Any]) -> None:
    """Fills a database that has no generate_series."""
    rows = Reservation.objects.bulk_create(_reservations(values), batch_size=500)
    Allocation.objects.bulk_create(
        (
            Allocation(
                venue_id=row.venue_id,
                resource_id=values["first_unit"] + number % UNITS,
                reservation=row,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                is_locked=True,
            )
            for number, row in enumerate(rows)
        ),
        batch_size=500,
    )
    made = {"name": "reservation.created", "by": "partner:bench", "by_kind": "partner"}
    instants = dict.fromkeys(("at", "recorded_at", "dispatched_at"), values["confirmed_at"])
    Event.objects.bulk_create(
        (Event(venue_id=row.venue_id, reservation=row, **made, **instants) for row in rows),
        batch_size=500,
    )


def _reservations(values: dict[str, Any]) -> Iterator[Reservation]:
    for number in range(values["rows"]):
        start = values["base"] + values["period"] * (number // UNITS)
        yield Reservation(
            venue_id=values["venue"],
            category_id=values["category"],
            partner="bench",
            code=f"S{number:09x}",
            first_name="Ada",
            last_name=f"Jansen{number % 500:03}",
            phone=f"+3120{number % 10**7:07}",
            guest_count=1,
            starts_at=start,
            ends_at=start + values["stay"],
            is_arrival_assumed=False,
            is_departure_assumed=False,
            is_no_show_released=False,
            currency="EUR",
            created_at=values["confirmed_at"],
            confirmed_at=values["confirmed_at"],
            no_show_at=start + timedelta(hours=1),
        )


def _partner() -> Partner:
    scopes = ["reservations:read", "reservations:write", "venues:read"]
    return Partner.objects.get_or_create(
        slug="bench", defaults={"name": "Bench", "scopes": scopes, "has_all_venues": True}
    )[0]


def _make_venue() -> dict[str, int]:
    """Returns the ids of the venue, its category and its first unit. The ids of units are
    consecutive.
    """
    policy = {
        "confirms_at_once": False,
        "unit_choice": Policy.UnitChoice.GUEST,
        "horizon": None,
        "hold_time": timedelta(days=1),
        "releases_no_shows": False,
    }
    venue = presets.create_venue(slug=SLUG, name="Bench", kind="parking", policy=policy)
    category = Category.objects.create(venue=venue, code="standard", name="Standard")
    Rate.objects.create(venue=venue, category=category, unit=Rate.Unit.HOUR, amount_minor=1_000)
    units = Resource.objects.bulk_create(
        Resource(venue=venue, category=category, name=str(number), capacity=4, floor=1)
        for number in range(1, UNITS + 1)
    )
    return {"venue": venue.pk, "category": category.pk, "first_unit": units[0].pk}
